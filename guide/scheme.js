// Light or dark as the system is, before anything is drawn.
const dark = matchMedia("(prefers-color-scheme: dark)");
const show = () => (document.body.dataset.mdColorScheme = dark.matches ? "slate" : "default");
dark.addEventListener("change", show);
show();
