// Where the pages begin.
import { render } from "preact";
import { App } from "./app";
import "uplot/dist/uPlot.min.css";
import "./style/index.css";

// before anything is drawn, so that nothing flashes
document.documentElement.dataset.theme = localStorage.getItem("footfall-theme") ?? "auto";
render(<App />, document.getElementById("app")!);
