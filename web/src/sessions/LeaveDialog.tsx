import { useState } from "react";
import { words } from "../api/errors.ts";
import { useSessionDoor } from "../session/SessionProvider.tsx";
import button from "../ui/Button.module.css";
import dialog from "../ui/Dialog.module.css";
import { Dialog } from "../ui/Dialog.tsx";

/** The session of this very browser is not ended by the way. */
export function LeaveDialog({ onClose }: { readonly onClose: () => void }) {
  const { signOut } = useSessionDoor();
  const [leaving, setLeaving] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);

  async function leave() {
    if (leaving) return;
    setLeaving(true);
    setFailed(null);
    try {
      await signOut();
    } catch (error) {
      setFailed(`Signing out met a difficulty. ${words(error).what} ${words(error).next}`);
      setLeaving(false);
    }
  }

  return (
    <Dialog title="Sign out here?" onClose={onClose} busy={leaving}>
      {(close) => (
        <div className={dialog.body}>
          <p>This is the browser that you are using: you will have to sign in again, in all of its tabs. A question that is not sent yet is dropped.</p>
          <p className={dialog.failed} role="alert">
            {failed}
          </p>
          <div className={dialog.choices}>
            <button type="button" className={button.primary} aria-disabled={leaving} onClick={() => void leave()}>
              {leaving ? "Signing out…" : "Sign out"}
            </button>
            <button type="button" data-first className={button.button} onClick={close}>
              Stay signed in
            </button>
          </div>
        </div>
      )}
    </Dialog>
  );
}
