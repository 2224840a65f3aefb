// What is sent as a code, as people read it: types and actions of events, steps of funnels.

// where "_" for " " does not make a name of it
const NAMES: Record<string, string> = {
  contact_interaction: "Contact",
  engagement: "Engagement",
  attention: "Time on page",
  form_submit: "Form sent",
  not_found: "Missing page",
  outbound_link: "Outbound link",
  progress: "Next step",
  web_vitals: "Web vitals",
};

export const capital = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

/** `page_view` is a "Page view". */
export const readable = (code: string): string => (Object.hasOwn(NAMES, code) ? NAMES[code]! : capital(code.replaceAll("_", " ")));

/** `checkout_step:start` is "Checkout: start". */
export const readableStep = (step: string): string => {
  const [funnel, action] = step.split("_step:");
  return action === undefined ? readable(step) : `${readable(funnel!)}: ${readable(action).toLowerCase()}`;
};
