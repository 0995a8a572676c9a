import { useEffect, useId, useRef, type ReactNode } from "react";
import css from "./Dialog.module.css";

interface Props {
  readonly title: string;
  /** Closed, however that came about. */
  readonly onClose: () => void;
  /** Something is under way that has to be told of here: Esc waits for it. */
  readonly busy?: boolean;
  /** Is given what closes it. What has `data-first` gets the focus. */
  readonly children: (close: () => void) => ReactNode;
}

/** A question before the page goes on. The browser keeps the focus in it, and gives it back. */
export function Dialog({ title, onClose, busy = false, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    if (dialog.current?.open) return;
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("[data-first]")?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={css.dialog}
      aria-labelledby={heading}
      onClose={onClose}
      onCancel={(event) => {
        if (busy) event.preventDefault();
      }}
    >
      <h2 id={heading} className={css.title}>
        {title}
      </h2>
      {children(() => dialog.current?.close())}
    </dialog>
  );
}
