/** How wide the lines of tables may be. `COLUMNS` first, as with ls and git; what goes to a file or another program is not cut. */
export function columnsMax(env: NodeJS.ProcessEnv, stream: { isTTY?: boolean; columns?: number }): number | null {
  const said = Number(env.COLUMNS);
  if (Number.isInteger(said) && said > 0) return said;
  return stream.isTTY === true && stream.columns ? stream.columns : null;
}
