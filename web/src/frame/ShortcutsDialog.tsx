import button from "../ui/Button.module.css";
import { Dialog } from "../ui/Dialog.tsx";
import { usePreference } from "../ui/preference.ts";
import css from "./ShortcutsDialog.module.css";
import { SHORTCUTS } from "./useShortcuts.ts";

const KEYS = [
  [["?"], "this list"],
  [["/"], "filter what the page lists"],
  [["g", "d"], "go to the Dashboard"],
  [["g", "j"], "go to the Junie Console"],
  [["g", "l"], "go to the Log"],
  [["g", "a"], "go to the Agents"],
  [["↑", "↓"], "from entry to entry, open or not"],
  [["Enter"], "open an entry; send a question"],
  [["Shift", "Enter"], "a new line in a question"],
  [["Esc"], "close what is open"],
] as const;

export function ShortcutsDialog({ onClose }: { readonly onClose: () => void }) {
  const [stored, store] = usePreference(SHORTCUTS);
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      {(close) => (
        <>
          <dl className={css.keys}>
            {KEYS.map(([keys, does]) => (
              <div key={does}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <label className={css.switch}>
            <input type="checkbox" checked={stored !== "off"} onChange={(event) => store(event.target.checked ? null : "off")} />
            Shortcuts of plain letters are on
          </label>
          <button type="button" data-first className={button.button} onClick={close}>
            Close
          </button>
        </>
      )}
    </Dialog>
  );
}
