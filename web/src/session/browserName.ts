/** In this order: most browsers name those before them too. */
const BROWSERS: readonly (readonly [name: string, mark: RegExp])[] = [
  ["Edge", /\bEdg(?:e|A|iOS)?\/(\d+)/],
  ["Opera", /\b(?:OPR|Opera)\/(\d+)/],
  ["Samsung Internet", /\bSamsungBrowser\/(\d+)/],
  ["Vivaldi", /\bVivaldi\/(\d+)/],
  ["Firefox", /\b(?:Firefox|FxiOS)\/(\d+)/],
  ["Chromium", /\b(?:HeadlessChrome|Chromium)\/(\d+)/],
  ["Chrome", /\b(?:Chrome|CriOS)\/(\d+)/],
  ["Safari", /\bVersion\/(\d+)(?=.*\bSafari\/)/],
  ["curl", /^curl\/(\d+)/],
  ["wget", /^Wget\/(\d+)/],
  ["Python", /^(?:python-requests|Python)\b[^\d]*(\d+)/i],
];

const SYSTEMS: readonly (readonly [name: string, mark: RegExp])[] = [
  ["iPad", /\biPad\b/],
  ["iPhone", /\biPhone\b/],
  ["Android", /\bAndroid\b/],
  ["ChromeOS", /\bCrOS\b/],
  ["Windows", /\bWindows\b/],
  ["macOS", /\bMacintosh\b|\bMac OS X\b/],
  ["Linux", /\bLinux\b|\bX11\b/],
];

const LONGEST = 60;

/** "Firefox 140 on Linux": a User-Agent in words, or the beginning of it where it says neither. Still to be made visible. */
export function browserName(agent: string): string {
  const browser = BROWSERS.map(([name, mark]) => [name, mark.exec(agent)?.[1]] as const).find(([, version]) => version !== undefined);
  const system = SYSTEMS.find(([, mark]) => mark.test(agent))?.[0];
  if (browser) return `${browser[0]} ${browser[1]}${system ? ` on ${system}` : ""}`;
  if (system) return `A browser on ${system}`;
  const plain = agent.trim();
  if (plain === "") return "A browser that does not say which";
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST - 1)}…` : plain;
}
