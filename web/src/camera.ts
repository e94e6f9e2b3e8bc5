/**
 * The camera and the reading of QR codes, all on the phone: no picture leaves it.
 *
 * Where the browser has a `BarcodeDetector` it is used; else the decoder is fetched, only when somebody scans. A code
 * that stays in view is reported once until it has been out of sight for a moment.
 */

export type CameraTrouble = "refused" | "missing" | "busy" | "insecure";

/** Why there is no picture. */
export class CameraProblem extends Error {
  constructor(readonly trouble: CameraTrouble) {
    super(trouble);
  }
}

interface Detector {
  detect(source: CanvasImageSource): Promise<readonly { readonly rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { formats: readonly string[] }): Detector;
  getSupportedFormats(): Promise<readonly string[]>;
}

type Read = (video: HTMLVideoElement) => Promise<string | null>;

const SIDE_MAX = 640;
const FRAME_MS = 90;
const FORGET_MS = 1500;

async function nativeReader(): Promise<Read | null> {
  const Native = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
  if (!Native || !(await Native.getSupportedFormats()).includes("qr_code")) return null;
  const detector = new Native({ formats: ["qr_code"] });
  return async (video) => (await detector.detect(video))[0]?.rawValue ?? null;
}

async function ownReader(): Promise<Read> {
  const { default: decode } = await import("qr/decode.js");
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  return async (video) => {
    const scale = Math.min(1, SIDE_MAX / Math.max(video.videoWidth, video.videoHeight));
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    if (!context || !canvas.width) return null;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    try {
      return decode(context.getImageData(0, 0, canvas.width, canvas.height));
    } catch {
      return null; // no code in this frame
    }
  };
}

async function picture(): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraProblem(isSecureContext ? "missing" : "insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } } });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError" || name === "SecurityError") throw new CameraProblem("refused");
    throw new CameraProblem(name === "NotReadableError" ? "busy" : "missing");
  }
}

/** A running camera. */
export interface Camera {
  stop(): void;
  /** While paused nothing is reported; the picture goes on. */
  pause(paused: boolean): void;
  /** Lets the code in view be read again at once. */
  forget(): void;
  readonly hasTorch: boolean;
  torch(on: boolean): Promise<void>;
}

/** Shows the camera in `video` and reports each code that comes into view. Raises `CameraProblem`. */
export async function cameraStart(video: HTMLVideoElement, found: (text: string) => void): Promise<Camera> {
  const stream = await picture();
  const [track] = stream.getVideoTracks();
  video.srcObject = stream;
  await video.play().catch(() => undefined); // leaving the page at once interrupts play(); nothing is lost
  const read = (await nativeReader().catch(() => null)) ?? (await ownReader());
  let stopped = false;
  let paused = false;
  let last = "";
  let lastAt = 0;

  const look = async () => {
    if (stopped) return;
    const text = document.hidden || video.readyState < 2 ? null : await read(video).catch(() => null);
    const now = performance.now();
    const same = text !== null && text === last && now - lastAt <= FORGET_MS;
    if (same) lastAt = now; // still the one that was reported, also while paused
    else if (text && !paused && !stopped) {
      last = text;
      lastAt = now;
      found(text);
    }
    setTimeout(() => void look(), FRAME_MS);
  };
  void look();

  const abilities = (track?.getCapabilities?.() ?? {}) as { torch?: boolean };
  return {
    stop() {
      stopped = true;
      for (const one of stream.getTracks()) one.stop();
      video.srcObject = null;
    },
    pause(on) {
      paused = on;
    },
    forget() {
      last = "";
    },
    hasTorch: abilities.torch === true,
    async torch(on) {
      await track?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
    },
  };
}
