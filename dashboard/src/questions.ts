// Questions to the reports API: all that a view asks for goes in one request, and what was asked a moment ago is not asked again.
import { useEffect, useRef, useState } from "preact/hooks";
import { Refused, call } from "./server";

export type Question = { report: string; [key: string]: unknown };
export type Answer = any; // as docs/ask/reports.md says, report by report

interface Kept {
  at: number;
  answer?: Answer;
  error?: Refused;
}

const FRESH = 30_000; // milliseconds
const kept = new Map<string, Kept>();

const MOST = 20; // questions in a request
const waiting = new Map<string, { question: Question; settle: (reply: Answer) => void; fail: (error: Refused) => void }[]>();

/** One reply; all that is asked of a tenant at the same time goes in one request (or in another, `isApart`), and is answered as of one moment. */
const ask = (tenant: string, question: Question, isApart: boolean): Promise<Answer> =>
  new Promise((settle, fail) => {
    const request = `${isApart} ${tenant}`;
    if (!waiting.has(request)) {
      waiting.set(request, []);
      queueMicrotask(() => {
        const asked = waiting.get(request)!;
        waiting.delete(request);
        for (let first = 0; first < asked.length; first += MOST) {
          const some = asked.slice(first, first + MOST);
          call<Answer[]>("POST", "/api/analytics/many", some.map(({ question }) => question), tenant).then(
            (replies) => some.forEach(({ settle }, index) => settle(replies[index])),
            (error) => some.forEach(({ fail }) => fail(error)),
          );
        }
      });
    }
    waiting.get(request)!.push({ question, settle, fail });
  });

/** What was asked is asked again: something was changed. */
export const forget = (): void => kept.clear();

/** A former answer, where it is about the same thing in another range or under another filter. */
const alike = (answer: Answer, question: Question): Answer =>
  answer?.query.report === question.report && ALIKE.every((key) => question[key] === undefined || String(question[key]) === String(answer.query[key])) ? answer : undefined;
const ALIKE = ["dimension", "of", "metrics", "interval", "figure", "step", "dropped", "cohort", "period", "level", "source", "target"];

export interface Answers {
  /** In the order of the questions; until they come, the former ones stay. */
  answers: Answer[];
  /** Why there is no answer, question by question, and the first of these. */
  errors: (Refused | undefined)[];
  error?: Refused;
  isLoading: boolean;
  /** Asks all of them once more. */
  again: () => void;
}

/** What a part of a view gets: its answer, or why there is none and how to ask once more. */
export interface Answered extends Pick<Answers, "error" | "again"> {
  answer?: Answer;
}

/**
 * The answers to these questions. Another `round` asks all of them again; `isOneMoment`: they are compared with each other, so all are
 * asked when one is; `isApart`: in a request of their own, which the others need not wait for.
 */
export const useAnswers = (tenant: string, questions: Question[], round = 0, isOneMoment = false, isApart = false): Answers => {
  const [tries, tryAgain] = useState(0);
  round += tries;
  const keys = questions.map((question) => `${tenant} ${JSON.stringify(question)}`);
  const [state, set] = useState<Omit<Answers, "again" | "error"> & { keys: string[] }>(() => ({ keys, answers: keys.map((key) => kept.get(key)?.answer), errors: [], isLoading: true }));
  const roundBefore = useRef(round);
  useEffect(() => {
    let isCurrent = true;
    const isNewRound = roundBefore.current !== round;
    roundBefore.current = round;
    const now = Date.now();
    const isMissing = keys.map((key) => isNewRound || !(now - (kept.get(key)?.at ?? 0) < FRESH));
    const missing = keys.flatMap((_, index) => (isMissing[index] || (isOneMoment && isMissing.includes(true)) ? [index] : []));
    const show = (isLoading: boolean) =>
      isCurrent &&
      set((before) => ({
        keys,
        answers: keys.map((key, index) => (kept.has(key) ? kept.get(key)!.answer : isLoading ? alike(before.answers[index], questions[index]!) : undefined)),
        errors: keys.map((key) => kept.get(key)?.error),
        isLoading,
      }));
    if (!missing.length || !tenant) {
      show(false);
      return;
    }
    show(true);
    void Promise.all(
      missing.map((index) =>
        ask(tenant, questions[index]!, isApart).then(
          (reply) => kept.set(keys[index]!, { at: Date.now(), answer: reply.data, error: reply.success ? undefined : new Refused(reply.debug_info.error, reply.message, 400) }),
          (error: Refused) => kept.set(keys[index]!, { at: 0, answer: kept.get(keys[index]!)?.answer, error }),
        ),
      ),
    ).then(() => show(false));
    return () => void (isCurrent = false);
  }, [keys.join("\n"), round]);
  // right after the questions have changed, the state is still about the former ones
  const answers = keys.map((key, index) => (key === state.keys[index] ? state.answers[index] : alike(state.answers[index], questions[index]!)));
  return { ...state, answers, error: state.errors.find(Boolean), again: () => tryAgain((number) => number + 1) };
};

/** What a GET of the set-up or the proof answers, and a function that asks again. */
export const useThing = <T>(path: string, tenant: string): { thing?: T; error?: Refused; again: () => void } => {
  const [state, set] = useState<{ thing?: T; error?: Refused }>({});
  const [round, next] = useState(0);
  useEffect(() => set({}), [path, tenant]);
  useEffect(() => {
    let isCurrent = true;
    call<T>("GET", path, undefined, tenant)
      .then((thing) => isCurrent && set({ thing }))
      .catch((error) => isCurrent && set((before) => ({ ...before, error })));
    return () => void (isCurrent = false);
  }, [path, tenant, round]);
  return { ...state, again: () => next((number) => number + 1) };
};
