/** Dark or light: as the system says, or as was chosen here once. */
import { useState } from 'preact/hooks';

const KEY = 'gaia.theme';
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

/** What is drawn on a canvas has its colours from here, by the names of style/base.css. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export const THEME_CHANGED = 'gaia-theme';
