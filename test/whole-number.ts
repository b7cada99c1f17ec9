/** An option of a command. `refuse` is told what is wrong with it, and ends the command. */
export function wholeNumber(
  option: string,
  given: string,
  [min, max]: readonly [number, number],
  refuse: (problem: string) => never,
): number {
  const value = Number(given);
  if (!(/^\d+$/.test(given) && value >= min && value <= max))
    refuse(`--${option} ${given}: use a whole number from ${min} to ${max}.`);
  return value;
}
