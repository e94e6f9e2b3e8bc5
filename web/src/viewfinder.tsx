/** The picture of the camera on a page, with words for every reason why there is none. */

import { useEffect, useRef, useState } from "preact/hooks";
import { type Camera, CameraProblem, type CameraTrouble, cameraStart } from "./camera";
import { texts, useTexts } from "./language";
import { Icon, Message } from "./ui";

const TEXTS = texts(
  {
    picture: "摄像头画面", torch: "手电筒", again: "再试一次",
    refused: "没有摄像头权限。请在浏览器的网站设置里允许使用摄像头，再试一次。",
    missing: "这台设备没有可用的摄像头。", busy: "摄像头正被别的应用占用。请关闭那个应用，再试一次。",
    insecure: "这个网址不是安全连接（https），浏览器不允许使用摄像头。",
  },
  {
    picture: "Camera picture", torch: "Torch", again: "Try again",
    refused: "No permission for the camera. Allow it in the browser's site settings and try again.",
    missing: "This device has no camera that can be used.", busy: "Another app is using the camera. Close it and try again.",
    insecure: "This address is not a secure connection (https), so the browser does not allow the camera.",
  },
);

interface Props {
  readonly found: (text: string) => void;
  readonly paused?: boolean;
  readonly started?: (camera: Camera) => void;
}

export function Viewfinder({ found, paused = false, started }: Props) {
  const t = useTexts(TEXTS);
  const video = useRef<HTMLVideoElement>(null);
  const camera = useRef<Camera | null>(null);
  const report = useRef(found);
  report.current = found;
  const [trouble, setTrouble] = useState<CameraTrouble | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [torch, setTorch] = useState<boolean | null>(null);

  useEffect(() => {
    let left = false;
    if (!video.current) return undefined;
    cameraStart(video.current, (text) => report.current(text)).then(
      (running) => {
        if (left) return running.stop();
        camera.current = running;
        setTorch(running.hasTorch ? false : null);
        started?.(running);
      },
      (error: unknown) => setTrouble(error instanceof CameraProblem ? error.trouble : "missing"),
    );
    return () => {
      left = true;
      camera.current?.stop();
      camera.current = null;
    };
  }, [attempt]);
  useEffect(() => camera.current?.pause(paused), [paused]);

  return (
    <div class="viewfinder">
      <video ref={video} muted playsInline aria-label={t.picture} hidden={trouble !== null} />
      {trouble ? (
        <div class="viewfinder-trouble"><Message hue="yellow" alert><p>{t[trouble]}</p>
          <button type="button" class="button small" onClick={() => { setTrouble(null); setAttempt(attempt + 1); }}>{t.again}</button></Message></div>
      ) : <div class="viewfinder-corners" aria-hidden="true"><i /><i /><i /><i /></div>}
      {torch === null ? null : (
        <button type="button" class="round torch" aria-pressed={torch} aria-label={t.torch}
          onClick={() => void camera.current?.torch(!torch).then(() => setTorch(!torch))}><Icon name="torch" /></button>
      )}
    </div>
  );
}
