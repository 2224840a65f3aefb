// A name in few characters: its middle is left out on screen only, so it is found, copied and read aloud as a whole.

const MOST = 44; // characters: two lines of a narrow column

interface Props {
  children: string;
  /** What is told besides, as the code of a country; by default the name as a whole. */
  title?: string;
}

export const Short = ({ children: name, title = name }: Props) => {
  const letters = [...name];
  if (letters.length <= MOST) return <span title={title}>{name}</span>;
  const [begin, end] = [Math.ceil(MOST / 2), letters.length - Math.floor(MOST / 2)];
  return (
    <span class="short" title={title}>
      {letters.slice(0, begin).join("")}
      <span class="middle">{letters.slice(begin, end).join("")}</span>
      {letters.slice(end).join("")}
    </span>
  );
};
