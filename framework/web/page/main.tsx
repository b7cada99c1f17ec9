import { render } from 'preact';
import './style/base.css';
import './style/parts.css';
import './style/pages.css';
import { Page } from './shell.js';
import { startTheme } from './theme.js';

startTheme();
const place = document.getElementById('page') as HTMLElement;
place.replaceChildren();
render(<Page />, place);
