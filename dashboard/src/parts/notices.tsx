// What is said instead of an answer: that it is on its way, that there is none, that it was refused.
import type { ComponentChildren } from "preact";
import type { Refused } from "../server";

export const Loading = ({ lines = 6 }: { lines?: number }) => (
  <div class="loading" role="status" aria-label="Loading">
    {Array.from({ length: lines }, (_, line) => (
      <i key={line} />
    ))}
  </div>
);

export const Nothing = ({ children }: { children: ComponentChildren }) => <p class="nothing">{children}</p>;

/** `again`: asks once more, where that may help. */
export const Problem = ({ error, again }: { error?: Refused; again?: () => void }) =>
  error ? (
    <p class="problem" role="alert">
      {error.message} <code>{error.code}</code> {again && <Again again={again} />}
    </p>
  ) : null;

/** Instead of a part of the page that could not be drawn, or has no answer. */
export const Failed = ({ name, again }: { name: string; again: () => void }) => (
  <p class="problem" role="alert">
    {name} could not be shown. <Again again={again} />
  </p>
);

/** What is waited for, or that it will not come. */
export const Waiting = ({ name, lines, error, again }: { name: string; lines?: number; error?: Refused; again: () => void }) => (error ? <Failed name={name} again={again} /> : <Loading lines={lines} />);

const Again = ({ again }: { again: () => void }) => (
  <button class="quiet" onClick={again}>
    Try again
  </button>
);
