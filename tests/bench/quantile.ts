/** @param sorted ascending; @param part 0 … 1 @returns the value below which that part lies, NaN of nothing */
export function quantile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
