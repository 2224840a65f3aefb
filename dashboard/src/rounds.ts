// When to ask again: while the period has today in it and the page is looked at, every half minute.
import { useEffect, useState } from "preact/hooks";
import { todayIn } from "./periods";

const SECONDS = 30;

/** A number that grows whenever it is time; `last`: the last day of what is shown. */
export const useRounds = (last: string, timeZone: string, seconds = SECONDS): number => {
  const [round, next] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && last >= todayIn(timeZone)) next((number) => number + 1);
    }, seconds * 1000);
    return () => clearInterval(timer);
  }, [last, timeZone, seconds]);
  return round;
};
