import { render } from "preact";
import { registerSW } from "virtual:pwa-register";
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
registerSW({ immediate: true }); // so that the next visit needs no network
