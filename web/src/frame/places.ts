/** Where one can go, and the second key of `g …` that goes there. */
export const PLACES = [
  { path: "/", name: "Dashboard", key: "d" },
  { path: "/junie", name: "Junie Console", key: "j" },
  { path: "/log", name: "Log", key: "l" },
  { path: "/agents", name: "Agents", key: "a" },
] as const;
