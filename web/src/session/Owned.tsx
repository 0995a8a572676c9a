import { Fragment, type ReactNode } from "react";
import { useSessionDoor } from "./SessionProvider.tsx";

/** One person's things are not shown to the next: what is in here begins anew with another, and after a sign-out. */
export function Owned({ children }: { readonly children: ReactNode }) {
  const { owner } = useSessionDoor();
  return <Fragment key={owner}>{children}</Fragment>;
}
