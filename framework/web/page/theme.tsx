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
  whenColoursChange(() => colours.clear());
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

const colours = new Map<string, string>();

/** A colour of style/base.css by its name, as it is now: for what is drawn on a canvas, which knows no variables. */
export function colour(name: string): string {
  const value = colours.get(name) ?? computed(name);
  colours.set(name, value);
  return value;
}

/** Has the browser reckon all styles anew. */
function computed(name: string): string {
  const probe = document.documentElement;
  probe.style.outlineColor = `var(--${name})`;
  const value = getComputedStyle(probe).outlineColor;
  probe.style.outlineColor = '';
  return value;
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
