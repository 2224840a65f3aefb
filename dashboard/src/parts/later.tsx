// A part whose file is loaded only when it is drawn.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Failed, Loading } from "./notices";

type Props<Given> = Given & { load: () => Promise<ComponentType<Given>> };

export const Later = <Given extends object>({ load, ...given }: Props<Given>) => {
  const [Drawn, set] = useState<ComponentType<Given>>();
  const [isMissing, setMissing] = useState(false);
  useEffect(() => void load().then((loaded) => set(() => loaded), () => setMissing(true)), []);
  // a browser may remember that a file is not there
  if (isMissing) return <Failed name="This part" again={() => location.reload()} />;
  return Drawn ? <Drawn {...(given as unknown as Given)} /> : <Loading />;
};
