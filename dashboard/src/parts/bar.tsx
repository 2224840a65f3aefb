// Above every view: which days, compared with what, through which filter.
import { Filters } from "./filters";
import { Period } from "./period";

export const Bar = ({ hasComparison = false }: { hasComparison?: boolean }) => (
  <div class="bar">
    <Period hasComparison={hasComparison} />
    <Filters />
  </div>
);
