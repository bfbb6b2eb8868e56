import type { Control, Media } from '#bridge/page-control.ts'

/** Does to a video what the page around it asks for, and says how it stands then. */
export function steer(video: HTMLVideoElement, control: Control, mayPlay: boolean): Media {
  switch (control.action) {
    case 'play':
      // What nobody sees was paused because it costs: the page does not go on with it for them.
      if (mayPlay) void video.play().catch(() => undefined)
      break
    case 'pause':
      video.pause()
      break
    case 'seek':
      video.currentTime = Math.min(control.seconds, finite(video.duration))
      break
    case 'mute':
      video.muted = true
      break
    case 'unmute':
      video.muted = false
      break
    case 'state':
      break
  }
  return {
    isPaused: video.paused,
    isMuted: video.muted,
    currentSeconds: video.currentTime,
    durationSeconds: finite(video.duration),
  }
}

const finite = (seconds: number): number => (Number.isFinite(seconds) ? seconds : 0)
