// What the parts of the page are given.

import type { State, Studio } from "./studio";

export interface Props {
  studio: Studio;
  state: State;
}
