// When to ask again: while the period has today in it and the page is looked at, every half minute; and when a new day begins.
import { useEffect, useState } from "preact/hooks";
import { todayIn } from "./periods";

const SECONDS = 30;

/** The last day of what has no end. */
export const ALWAYS = "9999-12-31";

/** A number that grows whenever it is time; `last`: the last day of what is shown. */
export const useRounds = (last: string, timeZone: string, seconds = SECONDS): number => {
  const [round, next] = useState(0);
  useEffect(() => {
    let day = todayIn(timeZone);
    const tick = () => {
      const today = todayIn(timeZone);
      if (!document.hidden && (last >= today || day !== today)) next((number) => number + 1);
      day = today;
    };
    const timer = setInterval(tick, seconds * 1000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [last, timeZone, seconds]);
  return round;
};
