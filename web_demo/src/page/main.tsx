import { render } from "preact";
import { App } from "./app";
import { Studio } from "./studio";
import { language, words } from "./words";
import "./style.css";

document.documentElement.lang = language;
document.title = words.title;

const root = document.getElementById("app")!;
const studio: Studio = new Studio(() => render(<App studio={studio} state={studio.state} />, root));
studio.update({});
void studio.start();
// So that the next visit needs no network. Without the plugin's own script, which reloads the page in the middle of a drawing.
void navigator.serviceWorker?.register(new URL("sw.js", document.baseURI));
