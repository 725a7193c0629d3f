import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { Icon } from "./icons";
import type { Props } from "./props";
import { megabytes, words } from "./words";

/** The models of this browser: use one, fetch another, delete. */
export function Models({ studio, state, dialog }: Props & { dialog: RefObject<HTMLDialogElement | null> }) {
  const { models, model, fetching, drawing, large, notice } = state;
  const busy = !!fetching || !!drawing; // a drawing needs the model that is open
  const [address, setAddress] = useState("");
  const folder = useRef<HTMLInputElement>(null);
  // A question about memory must not wait behind a closed dialog.
  useEffect(() => {
    if (large && !dialog.current?.open) dialog.current?.showModal();
  }, [large]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="models"
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <div class="sheet">
        <header>
          <h2 id="models">{words.models}</h2>
          <button class="tool" aria-label={words.close} title={words.close} onClick={() => dialog.current?.close()}>
            <Icon name="close" />
          </button>
        </header>

        {large && (
          <div class="question" role="alert">
            <p>{words.large(megabytes(large.memory))}</p>
            <button class="solid" disabled={busy} onClick={() => void studio.use(large.id)}>
              {words.openLarge}
            </button>
            <button class="quiet" onClick={() => studio.update({ large: null })}>
              {words.cancel}
            </button>
          </div>
        )}

        {models.length === 0 && !fetching && <p>{words.noModel}</p>}
        <ul class="models">
          {models.map((entry) => (
            <li key={entry.id}>
              <div>
                <strong>{entry.name}</strong>
                <small>
                  {entry.bytes < entry.total
                    ? words.unfinishedModel(megabytes(entry.bytes), megabytes(entry.total))
                    : megabytes(entry.total)}
                  {entry.id === model?.id && ` · ${words.inUse}`}
                </small>
              </div>
              {entry.bytes === entry.total && entry.id !== model?.id && (
                <button class="quiet" disabled={busy} onClick={() => void studio.open(entry.id)}>
                  {words.useModel}
                </button>
              )}
              {entry.bytes < entry.total && entry.address && (
                <button class="quiet" disabled={busy} onClick={() => void studio.install(entry.address!)}>
                  {words.goOn}
                </button>
              )}
              <button
                class="tool"
                aria-label={`${words.delete}: ${entry.name}`}
                title={words.delete}
                disabled={busy}
                onClick={() => confirm(words.deleteModel) && void studio.deleteModel(entry.id)}
              >
                <Icon name="trash" />
              </button>
            </li>
          ))}
        </ul>

        {fetching ? (
          <div class="fetching">
            <p role="status">{fetching.line}</p>
            <progress aria-label={fetching.line} {...(fetching.share !== null && { value: fetching.share })} max={1} />
            <button class="quiet" onClick={() => fetching.stop.abort()}>
              {words.cancel}
            </button>
          </div>
        ) : (
          <form
            class="add"
            onSubmit={(event) => {
              event.preventDefault();
              void studio.install(address.trim());
            }}
          >
            <h3>{words.addModel}</h3>
            <label class="field">
              <span>{words.address}</span>
              <input
                type="url"
                required
                placeholder="https://"
                value={address}
                onInput={(event) => setAddress(event.currentTarget.value)}
              />
            </label>
            <div class="row">
              <button class="solid" disabled={busy}>
                {words.download}
              </button>
              <button type="button" class="quiet" disabled={busy} onClick={() => folder.current?.click()}>
                {words.folder}
              </button>
            </div>
            <input
              ref={folder}
              class="sr"
              type="file"
              tabIndex={-1}
              disabled={busy}
              aria-label={words.folder}
              multiple
              {...{ webkitdirectory: true }}
              onChange={(event) => {
                const files = [...(event.currentTarget.files ?? [])];
                if (files.length > 0) void studio.install(files);
              }}
            />
          </form>
        )}
        {notice?.kind === "error" && (
          <p class="status error" role="alert">
            {notice.line}
            {notice.detail && <small>{words.detail(notice.detail)}</small>}
          </p>
        )}
      </div>
    </dialog>
  );
}
