/** Dark or light: as the system says, or as was chosen here once. */
import { useState } from 'preact/hooks';

const KEY = 'gaia.theme';
const THEME_CHANGED = 'gaia-theme';
const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const chosen = (): Theme => themes.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';

/** Before anything is drawn: what is known of colours is forgotten before others look. */
export function startTheme(): void {
  apply(chosen());
  whenColoursChange(() => {
    known = null;
  });
}

function apply(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
}

export function ThemeChoice() {
  const [theme, setTheme] = useState(chosen);
  const choose = (event: Event) => {
    const next = (event.currentTarget as HTMLSelectElement).value as Theme;
    localStorage.setItem(KEY, next);
    apply(next);
    setTheme(next);
    dispatchEvent(new Event(THEME_CHANGED));
  };
  return (
    <select aria-label="Colours" class="quiet" value={theme} onChange={choose}>
      {themes.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  );
}

const colourNames = ['ink', 'muted', 'line', 'surface', 'accent', 'busy', 'good', 'used', 'page'] as const;
export type Colours = Readonly<Record<(typeof colourNames)[number], string>>;

let known: Colours | null = null;

/** The colours of style/base.css by their names, as they are now: for what is drawn on a canvas, which knows no variables. */
export function colours(): Colours {
  known ??= computed();
  return known;
}

/** All at once, since the browser reckons styles anew for it. */
function computed(): Colours {
  const box = document.createElement('div');
  box.hidden = true;
  for (const name of colourNames) box.appendChild(document.createElement('i')).style.color = `var(--${name})`;
  document.body.append(box);
  const values = [...box.children].map((probe, index) => [colourNames[index], getComputedStyle(probe).color]);
  box.remove();
  return Object.fromEntries(values) as Colours;
}

/** Calls `redraw` when colours are others, until the returned function is called. */
export function whenColoursChange(redraw: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  addEventListener(THEME_CHANGED, redraw);
  system.addEventListener('change', redraw);
  return () => {
    removeEventListener(THEME_CHANGED, redraw);
    system.removeEventListener('change', redraw);
  };
}
