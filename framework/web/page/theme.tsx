/** Dark or light: as the system says, or as was chosen here once. */
import { useState } from 'preact/hooks';

const KEY = 'gaia.theme';
const THEME_CHANGED = 'gaia-theme';
const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const chosen = (): Theme => themes.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';

export function restoreTheme(): void {
  document.documentElement.dataset.theme = chosen();
}

export function ThemeChoice() {
  const [theme, setTheme] = useState(chosen);
  const choose = (event: Event) => {
    const next = (event.currentTarget as HTMLSelectElement).value as Theme;
    localStorage.setItem(KEY, next);
    restoreTheme();
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

/** A colour of style/base.css by its name, as it is now: for what is drawn on a canvas, which knows no variables. */
export function colour(name: string): string {
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
