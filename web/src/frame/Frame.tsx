import { Suspense, useState } from "react";
import { Outlet, useLocation } from "react-router";
import { useMedia, WIDE } from "../ui/useMedia.ts";
import { BottomBar } from "./BottomBar.tsx";
import { ErrorBoundary } from "./ErrorBoundary.tsx";
import css from "./Frame.module.css";
import { Rail } from "./Rail.tsx";
import { SeamNote } from "./SeamNote.tsx";
import { ShortcutsDialog } from "./ShortcutsDialog.tsx";
import { StatusLine } from "./StatusLine.tsx";
import { useShortcuts } from "./useShortcuts.ts";

export function Frame() {
  const wide = useMedia(WIDE);
  const { pathname } = useLocation();
  const [helping, setHelping] = useState(false);
  const help = () => setHelping(true);
  useShortcuts(help);
  return (
    <div className={css.frame}>
      <a className={css.skip} href="#main">
        Skip to content
      </a>
      {wide && <Rail onHelp={help} />}
      <StatusLine />
      <SeamNote />
      <main id="main" className={css.main} tabIndex={-1}>
        {/* By page: going from entry to entry within the Log is one. */}
        <ErrorBoundary key={pathname.split("/")[1]}>
          <Suspense fallback={null}>
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </main>
      {!wide && <BottomBar onHelp={help} />}
      {helping && <ShortcutsDialog onClose={() => setHelping(false)} />}
    </div>
  );
}
