/** A QR code as one crisp SVG path. Always dark on white, with its quiet zone, whatever the theme: cameras need it. */

import encodeQR from "qr";
import { useMemo } from "preact/hooks";

/** Light modules around the code. */
const QUIET = 3;

/** One rectangle for each horizontal run of dark modules. */
function pathOf(modules: readonly (readonly boolean[])[]): string {
  let path = "";
  modules.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      let end = x;
      while (row[end + 1]) end += 1;
      path += `M${x} ${y}h${end - x + 1}v1h-${end - x + 1}z`;
      x = end;
    }
  });
  return path;
}

export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { path, side } = useMemo(() => {
    const modules = encodeQR(text, "raw", { border: QUIET, ecc: "medium" });
    return { path: pathOf(modules), side: modules.length };
  }, [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${side} ${side}`} shape-rendering="crispEdges" role="img" aria-label={label} data-text={text}>
      <rect width={side} height={side} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
