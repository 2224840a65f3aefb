// What is secret stays in the browser; what merely looks long is sent. tests/scrubbing.json says which is which, for the server too: that
// knows more kinds (raw.scrubbed); these are the ones that pages have.

// in JSON text, in this order: values of telling parameters and properties; e-mail addresses, but no package@1.2.3 and no file@2x.png;
// JSON web tokens; words of hexadecimal digits, but no whole value: that is an id
const SECRET =
  /([?&#"][\w.-]*(token|passw|pwd|secret|api.?key|auth(?!or)|sess\w*id)[\w.-]*(=|":"))[^&#"\\]+|[^\s"/\\?&=#:]+(@|%40)(?!\d+(x|\.\d))[\w.-]+\.[a-z]{2,}|\beyJ[\w.-]{9,}|([/\s=])[\da-f]{32,}\b/gi;

/** JSON text without what is secret in it. */
export const scrub = (text: string): string => text.replace(SECRET, "$1$6removed");
