import { render } from 'preact';
import './style/base.css';
import './style/parts.css';
import './style/pages.css';
import { breath } from './clock.js';
import { Page } from './shell.js';
import { startTheme } from './theme.js';

startTheme();
// Apart from the start of the program, which takes a while itself.
await breath();
const place = document.getElementById('page') as HTMLElement;
place.replaceChildren();
render(<Page />, place);
