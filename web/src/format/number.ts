const grouped = new Intl.NumberFormat("en");

export const count = (n: number): string => grouped.format(n);
export const seqName = (seq: number): string => `#${grouped.format(seq)}`;
export const plural = (n: number, one: string, many: string): string => `${count(n)} ${n === 1 ? one : many}`;
