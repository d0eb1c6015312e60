export { createTerminalView, type TerminalView, type TerminalViewOptions } from './terminal-view.js';
