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

export const Problem = ({ error }: { error?: Refused }) =>
  error ? (
    <p class="problem" role="alert">
      {error.message} <code>{error.code}</code>
    </p>
  ) : null;
