/**
 * Every drawn sign, once: the phone pages draw from here and the build writes `dist/sprite.svg` for the consoles.
 *
 * A shape stands for a state (it takes its hue from `--hue`, `--hue-edge`, `--hue-on`); an icon is a line drawing in
 * the text's own color. All are drawn on a square of 32 × 32. The names are what the color configuration delivers.
 */

export interface Shape {
  /** Outline of the body; empty when the sign is only a mark. */
  readonly body: string;
  /** Strokes of the mark inside. */
  readonly mark: string;
  /** The body is drawn as a dashed outline without filling. */
  readonly hollow?: boolean;
}

const CIRCLE = "M16 2a14 14 0 1 1 0 28a14 14 0 1 1 0-28z";
const TRIANGLE = "M16 2.6L30.6 28.4H1.4z";
const OCTAGON = "M10.2 2h11.6L30 10.2v11.6L21.8 30H10.2L2 21.8V10.2z";
const SQUARE = "M7 3h18a4 4 0 0 1 4 4v18a4 4 0 0 1-4 4H7a4 4 0 0 1-4-4V7a4 4 0 0 1 4-4z";

export const SHAPES: Readonly<Record<string, Shape>> = {
  // the three states to begin with
  "circle-check": { body: CIRCLE, mark: "M9 16.5l5 5L23.5 11.5" },
  "triangle-bar": { body: TRIANGLE, mark: "M16 12v8M16 24v.6" },
  "octagon-cross": { body: OCTAGON, mark: "M10.5 10.5l11 11M21.5 10.5l-11 11" },
  // spare ones for a fourth and fifth color
  "diamond-dot": { body: "M16 1.5L30.5 16L16 30.5L1.5 16z", mark: "M16 15.9v.2" },
  "pentagon-bar": { body: "M16 2l14 10.4L24.7 29H7.3L2 12.4z", mark: "M9.5 17h13" },
  "hexagon-dots": { body: "M9 3h14l7.5 13L23 29H9L1.5 16z", mark: "M10.5 16v.1M16 16v.1M21.5 16v.1" },
  "shield-bar": { body: "M16 2l12 4v10c0 7-5 11.5-12 14C9 27.5 4 23 4 16V6z", mark: "M16 9v8M16 21.5v.6" },
  // what is no color
  "circle-dashed": { body: CIRCLE, mark: "M10 16h12", hollow: true },
  "square-question": { body: SQUARE, mark: "M12 12.2c0-5 8.4-5 8.2 0c-.1 3-4.2 3.2-4.2 6.3M16 23v.4" },
  "square-hourglass": { body: SQUARE, mark: "M11 8h10M11 24h10M12 8c0 5 8 11 8 16M20 8c0 5-8 11-8 16" },
  "square-back": { body: SQUARE, mark: "M13.5 9.5L9 14l4.5 4.5M9 14h9a4.5 4.5 0 0 1 0 9h-3" },
  "square-alert": { body: SQUARE, mark: "M16 8.5v9.5M16 23v.4" },
  "square-signal": { body: SQUARE, mark: "M9 23v-3M14 23v-6M19 23V13M24 23V9M8 9l5 5M13 9l-5 5" },
  "square-gap": { body: SQUARE, mark: "M8 16h4l2.5-5M17 21l2-5h5" },
  "square-dots": { body: SQUARE, mark: "M10 16v.1M16 16v.1M22 16v.1" },
};

export const ICONS: Readonly<Record<string, string>> = {
  code: "M4 4h9v9H4zM19 4h9v9h-9zM4 19h9v9H4zM19 19h4v4h-4zM28 19v9h-5M8 8h1v1H8zM23 8h1v1h-1zM8 23h1v1H8z",
  scan: "M4 10V5a1 1 0 0 1 1-1h5M22 4h5a1 1 0 0 1 1 1v5M28 22v5a1 1 0 0 1-1 1h-5M10 28H5a1 1 0 0 1-1-1v-5M6 16h20",
  family: "M11 13a4.5 4.5 0 1 0 0-9a4.5 4.5 0 0 0 0 9zM3 28v-4c0-4 3.5-7 8-7s8 3 8 7v4M23 14a3.5 3.5 0 1 0 0-7M23 18c3.500 0 6 2.500 6 6v4",
  me: "M16 15a5.500 5.500 0 1 0 0-11a5.500 5.500 0 0 0 0 11zM5 28c0-5.500 5-9 11-9s11 3.500 11 9",
  clock: "M16 4a12 12 0 1 1 0 24a12 12 0 1 1 0-24zM16 9v7l5 3",
  overdue: "M16 6a11 11 0 1 1 0 22a11 11 0 1 1 0-22zM16 11v7M16 22.500v.2M5 4L3 7M27 4l2 3",
  stopped: "M16 4a12 12 0 1 1 0 24a12 12 0 1 1 0-24zM12 11v10M20 11v10",
  keypad: "M7 6h2M15 6h2M23 6h2M7 13h2M15 13h2M23 13h2M7 20h2M15 20h2M23 20h2M15 27h2",
  torch: "M10 4h12v5l-3 4v13a2 2 0 0 1-2 2h-2a2 2 0 0 1-2-2V13l-3-4zM10 9h12M16 17v3",
  sound: "M5 12v8h5l7 6V6l-7 6zM22 12c2 2.500 2 5.500 0 8M25.500 8.500c4.500 4.500 4.500 10.500 0 15",
  "sound-off": "M5 12v8h5l7 6V6l-7 6zM22 13l6 6M28 13l-6 6",
  back: "M19 6L9 16l10 10",
  forward: "M13 6l10 10l-10 10",
  check: "M5 17l7.500 7.500L27 9",
  cross: "M7 7l18 18M25 7L7 25",
  erase: "M11 7h16a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H11l-8-9zM15 12l8 8M23 12l-8 8",
  test: "M12 4h8M13 4v9L6 25a2 2 0 0 0 2 3h16a2 2 0 0 0 2-3l-7-12V4M9.500 20h13",
  dose: "M22 4l6 6M25 7l-4 4M12 9l11 11M20 8l4 4L12 24H8v-4zM8 24l-4 4M14 14l3 3",
  place: "M16 29c6-8 9-12 9-16a9 9 0 0 0-18 0c0 4 3 8 9 16zM16 9.500a3.500 3.500 0 1 1 0 7a3.500 3.500 0 1 1 0-7z",
  calendar: "M4 8h24v20H4zM4 14h24M10 4v6M22 4v6",
  phone: "M8 4h5l2 7l-3 2c1.500 3.500 3.500 5.500 7 7l2-3l7 2v5c0 2-2 4-4 4C13 27 5 19 4 8c0-2 2-4 4-4z",
  info: "M16 4a12 12 0 1 1 0 24a12 12 0 1 1 0-24zM16 15v7M16 10v.2",
  warning: "M16 4L29 27H3zM16 13v7M16 23.500v.2",
  offline: "M4 4l24 24M3 13c2-2 4-3.500 6.500-4.500M29 13c-3.500-3.500-8-5.500-13-5.500M8 18c1.500-1.500 3.500-2.500 5.500-3M24 18c-.8-.8-1.600-1.400-2.500-2M16 25v.2",
  online: "M3 13c7.500-7.300 18.500-7.300 26 0M8 18c4.600-4.400 11.400-4.400 16 0M12.500 22.500c2-1.800 5-1.800 7 0M16 27v.2",
  home: "M4 15L16 5l12 10M7 13v14h18V13M13 27v-8h6v8",
  people: "M16 15a5 5 0 1 0 0-10a5 5 0 0 0 0 10zM7 28c0-5 4-8.500 9-8.500s9 3.500 9 8.500",
  building: "M6 28V5h14v23M20 12h6v16M3 28h26M10 10h2M14 10h2M10 15h2M14 15h2M10 20h2M14 20h2",
  list: "M10 8h18M10 16h18M10 24h18M4.500 8v.1M4.500 16v.1M4.500 24v.1",
  search: "M14 5a9 9 0 1 1 0 18a9 9 0 1 1 0-18zM21 21l7 7",
  upload: "M16 21V5M9 11l7-7l7 7M5 21v6h22v-6",
  print: "M9 12V4h14v8M9 23H4V12h24v11h-5M9 19h14v9H9z",
  language: "M16 4a12 12 0 1 1 0 24a12 12 0 1 1 0-24zM4 16h24M16 4c-4 3.500-5.500 7.500-5.500 12S12 24.500 16 28M16 4c4 3.500 5.500 7.500 5.500 12S20 24.500 16 28",
  large: "M3 27L11 6l8 21M6 20h10M21 27l4-11l4 11M22.200 24h5.600",
  leave: "M18 5H6v22h12M13 16h15M22 10l6 6l-6 6",
  camera: "M4 10h6l2-4h8l2 4h6v17H4zM16 13a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
  refresh: "M27 6v7h-7M26.500 13A11 11 0 1 0 27 18",
};

/** The SVG inside of one shape, as text: for the sprite; `body` and `mark` keep their strokes at any size. */
export function shapeMarkup(shape: Shape): string {
  const body = shape.hollow
    ? `<path d="${shape.body}" fill="var(--card)" stroke="var(--hue-edge)" stroke-width="2" stroke-dasharray="4.5 3"/>`
    : `<path d="${shape.body}" fill="var(--hue)" stroke="var(--hue-edge)" stroke-width="1.6" stroke-linejoin="round"/>`;
  const ink = shape.hollow ? "var(--hue-edge)" : "var(--hue-on)";
  return `${body}<path d="${shape.mark}" fill="none" stroke="${ink}" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/>`;
}
