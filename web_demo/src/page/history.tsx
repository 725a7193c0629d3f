import type { Props } from "./props";
import { words } from "./words";

/** The pictures of this browser, the newest first. */
export function History({ studio, state: { history, shown, editing } }: Props) {
  return (
    <section class="history" aria-label={words.history}>
      <h2>{words.history}</h2>
      {history.length === 0 && <p>{words.noPictures}</p>}
      <ul>
        {history.map((entry) => (
          <li key={entry.url}>
            <button
              class="thumb"
              aria-label={words.pictureOf(entry.settings?.prompt ?? entry.name ?? "")}
              aria-pressed={!editing && entry === shown}
              onClick={() => studio.show(entry)}
            >
              <img src={entry.url} alt="" loading="lazy" />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
