/** How this program is called where it runs: through npx in a clone, by its name where it is installed. */
export const gaia = process.env.npm_command === undefined ? 'gaia' : 'npx gaia';
