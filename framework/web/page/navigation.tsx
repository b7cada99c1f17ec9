/** Pages are addresses: links work in new tabs, and back goes back. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { pathOf, type Route, readRoute } from '../model/route.js';

const CHANGED = 'gaia-navigated';

const routeNow = () => readRoute(location.pathname, location.search);

export function useRoute(): Route | null {
  const [route, setRoute] = useState(routeNow);
  useEffect(() => {
    const look = () => setRoute(routeNow());
    addEventListener('popstate', look);
    addEventListener(CHANGED, look);
    return () => {
      removeEventListener('popstate', look);
      removeEventListener(CHANGED, look);
    };
  }, []);
  return route;
}

export function go(route: Route): void {
  history.pushState(null, '', pathOf(route));
  dispatchEvent(new Event(CHANGED));
}

interface LinkProps {
  to: Route;
  current?: boolean;
  class?: string;
  children: ComponentChildren;
}

export function Link({ to, current, class: className, children }: LinkProps) {
  const follow = (event: MouseEvent) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={pathOf(to)} class={className} aria-current={current ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}
