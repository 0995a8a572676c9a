import { createContext, use, useCallback, useMemo, type ReactNode } from "react";
import { isFields, text } from "../api/items.ts";
import { useKept } from "./useKept.ts";

type Texts = Readonly<Record<string, string>>;

interface Drafts {
  readonly texts: Texts;
  set(name: string, text: string): void;
}

const Context = createContext<Drafts | null>(null);

const parse = (kept: unknown): Texts => Object.fromEntries(Object.entries(isFields(kept) ? kept : {}).map(([name, value]) => [name, text(value)]));

/** What was typed and not sent yet: it is there again after going elsewhere, and after having to sign in again. */
export function DraftsProvider({ children }: { readonly children: ReactNode }) {
  const [texts, setTexts] = useKept("drafts", parse);
  const set = useCallback(
    (name: string, value: string) =>
      setTexts((before) => {
        const { [name]: _, ...others } = before;
        return value === "" ? others : { ...others, [name]: value };
      }),
    [setTexts],
  );
  const drafts = useMemo(() => ({ texts, set }), [texts, set]);
  return <Context value={drafts}>{children}</Context>;
}

export function useDraft(name: string): readonly [string, (text: string) => void] {
  const drafts = use(Context);
  if (!drafts) throw new Error("useDraft outside DraftsProvider");
  const { texts, set } = drafts;
  return [texts[name] ?? "", useCallback((value: string) => set(name, value), [set, name])];
}
