/** Sound, vibration and voice: the second and third way in which an outcome is told. */

import type { Language } from "./language";
import type { Sign, Tone } from "./states";
import { Store, keep, kept } from "./store";

export const soundOn = new Store<boolean>(kept<boolean>("hc.sound") ?? true);
soundOn.watch((on) => keep("hc.sound", on));

let audio: AudioContext | null = null;

/** Browsers let a page sound only after a touch: call this from one. */
export function soundWake(): void {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") void audio.resume();
  } catch {
    audio = null; // no audio device: word, shape and vibration remain
  }
}

function toneSchedule(context: AudioContext, tone: Tone, from: number): void {
  const oscillator = context.createOscillator();
  const volume = context.createGain();
  const end = from + tone.ms / 1000;
  oscillator.type = "triangle";
  oscillator.frequency.value = tone.hz;
  volume.gain.setValueAtTime(0, from);
  volume.gain.linearRampToValueAtTime(0.5, from + 0.01);
  volume.gain.setValueAtTime(0.5, end - 0.02);
  volume.gain.linearRampToValueAtTime(0, end);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(from);
  oscillator.stop(end);
}

export function play(tones: readonly Tone[]): void {
  if (!soundOn.get() || audio?.state !== "running") return;
  let at = audio.currentTime + 0.01;
  for (const tone of tones) {
    if (tone.hz > 0) toneSchedule(audio, tone, at);
    at += tone.ms / 1000;
  }
}

export function vibrate(pattern: readonly number[]): void {
  const touched = (navigator as { userActivation?: { hasBeenActive: boolean } }).userActivation?.hasBeenActive ?? true;
  if (touched && "vibrate" in navigator) navigator.vibrate([...pattern]);
}

export function signalSend(sign: Sign): void {
  play(sign.sound);
  vibrate(sign.vibration);
}

export function canSpeak(): boolean {
  return "speechSynthesis" in window;
}

/** Reads a text aloud with the phone's own voice; a second call replaces the first. */
export function speak(text: string, lang: Language): void {
  if (!canSpeak()) return;
  speechSynthesis.cancel();
  const said = new SpeechSynthesisUtterance(text);
  said.lang = lang === "zh" ? "zh-CN" : "en-GB";
  said.rate = 0.9;
  speechSynthesis.speak(said);
}
