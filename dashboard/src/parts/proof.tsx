// A figure that leads to the events behind it, for whoever may see them.
import { useSite } from "../site";

interface Props {
  href: string;
  /** What the figure says, for who does not see where it stands. */
  of: string;
  children: string;
}

export const Proof = ({ href, of, children }: Props) => {
  const { seesVisitors } = useSite();
  if (!seesVisitors) return <>{children}</>;
  return (
    <a data-own class="proof" href={href} title="Why this number?" aria-label={`${children}, ${of}: why this number?`}>
      {children}
    </a>
  );
};
