import { useEffect } from "react";
import { usePreference } from "../ui/preference.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

/** The switch. boot.js has already applied the remembered value when the page opens. */
export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [stored, store] = usePreference("theme");
  const theme = THEMES.find((known) => known === stored) ?? "system";
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, (chosen) => store(chosen === "system" ? null : chosen)];
}
