// The language of the pages. Their words are English, so their dates and figures are too: a Thai or Persian browser would put another
// calendar and other digits between them.

const own = navigator.languages.find((language) => /^en(-[A-Z]{2})?$/.test(language)) ?? "en";

/** The reader's own English if the browser has one (days before months in Britain), with Gregorian years and Latin digits. */
export const ENGLISH = `${own}-u-ca-gregory-nu-latn`;
