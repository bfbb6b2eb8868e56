import type { Frame, Page } from 'playwright'
import type { PurchaseNonce } from '#std/brand.ts'

/** What the small meter under a video says. */
export interface MeterReading {
  verifiedBytes: number
  paidWei: bigint
  hosts: number
}

export interface BufferReport {
  waits: number
  leastAheadSeconds: number
}

export interface FetchedFile {
  status: number
  contentRange: string | null
  sha256: string
}

/** What shaka's interface leaves on the element that it plays in. */
type ShakaVideo = HTMLVideoElement & {
  readonly ui: {
    getControls(): {
      getPlayer(): {
        getVariantTracks(): { readonly active: boolean; readonly height: number }[]
      }
    }
  }
}

/** The player inside a page that embeds the tag. Its frame lies in a closed shadow root: only its address finds it. */
export class PlayerFrame {
  readonly frame: Frame

  private constructor(frame: Frame) {
    this.frame = frame
  }

  static async in(page: Page): Promise<PlayerFrame> {
    const isPlayer = (frame: Frame) => /^chrome-extension:\/\/[a-p]+\/tabs\/player\.html/.test(frame.url())
    const frame =
      page.frames().find(isPlayer) ?? (await page.waitForEvent('framenavigated', { predicate: isPlayer }))
    return new PlayerFrame(frame)
  }

  get watchButton() {
    return this.frame.getByTestId('watch')
  }

  get failure() {
    return this.frame.getByTestId('failure')
  }

  /** Agrees to the price on the button by the keyboard, once the offer has been in plain sight for long enough. */
  async watch(): Promise<void> {
    await this.frame.locator('[data-testid=watch][data-armed=true]').press('Enter')
  }

  /** Waits until the picture moves. */
  async untilPlaying(): Promise<void> {
    await this.frame.waitForFunction(() => {
      const video = document.querySelector('video')
      return video !== null && !video.paused && video.currentTime > 0 && video.readyState >= 3
    })
  }

  /** Frames that the browser has shown within so many seconds of film, and where the film is then. */
  async countFrames(seconds: number): Promise<{ frames: number; currentTime: number }> {
    return await this.frame.evaluate(async span => {
      const video = document.querySelector('video')
      if (video === null) throw new Error('no video')
      const end = video.currentTime + span
      for (let frames = 0; ; frames++) {
        const shown = await new Promise<number>(resolve =>
          video.requestVideoFrameCallback((_, { mediaTime }) => resolve(mediaTime)),
        )
        if (shown >= end) return { frames, currentTime: shown }
      }
    }, seconds)
  }

  async seek(seconds: number): Promise<void> {
    await this.frame.evaluate(async to => {
      const video = document.querySelector('video')
      if (video === null) throw new Error('no video')
      const sought = new Promise(resolve => video.addEventListener('seeked', resolve, { once: true }))
      video.currentTime = to
      await sought
    }, seconds)
  }

  /** Goes to a time and says which frame is shown there: its time, and how long one is shown at most. */
  async seekExactly(seconds: number): Promise<{ currentTime: number; mediaTime: number }> {
    return await this.frame.evaluate(async to => {
      const video = document.querySelector('video')
      if (video === null) throw new Error('no video')
      video.pause()
      const shown = new Promise<number>(resolve => {
        const look = () =>
          video.requestVideoFrameCallback((_, { mediaTime }) =>
            video.seeking || Math.abs(mediaTime - to) > 1 ? look() : resolve(mediaTime),
          )
        look()
      })
      video.currentTime = to
      return { mediaTime: await shown, currentTime: video.currentTime }
    }, seconds)
  }

  /** Size of the picture that is shown. */
  async pictureSize(): Promise<{ width: number; height: number }> {
    return await this.frame.evaluate(() => {
      const { videoWidth: width = 0, videoHeight: height = 0 } = document.querySelector('video') ?? {}
      return { width, height }
    })
  }

  /** Height of the rendition that the player fetches now. */
  async fetchedHeight(): Promise<number> {
    return await this.frame.evaluate(() => {
      const player = (document.querySelector('video') as ShakaVideo | null)?.ui.getControls().getPlayer()
      return player?.getVariantTracks().find(track => track.active)?.height ?? 0
    })
  }

  /** Seconds of film that are there beyond the present moment. */
  async aheadSeconds(): Promise<number> {
    return await this.frame.evaluate(() => {
      const { buffered, currentTime = 0 } = document.querySelector('video') ?? {}
      return buffered === undefined || buffered.length === 0
        ? 0
        : buffered.end(buffered.length - 1) - currentTime
    })
  }

  /** From now on notes when playback waits for bytes, and how little there was ahead of it. */
  async watchBuffer(): Promise<void> {
    await this.frame.evaluate(() => {
      const video = document.querySelector('video')
      if (video === null) throw new Error('no video')
      const report = { waits: 0, leastAheadSeconds: Number.POSITIVE_INFINITY }
      Object.assign(window, { bufferReport: report })
      video.addEventListener('waiting', () => report.waits++)
      video.addEventListener('timeupdate', () => {
        const { buffered, currentTime, seeking } = video
        const end = Array.from({ length: buffered.length }, (_, i) =>
          buffered.start(i) <= currentTime ? buffered.end(i) : 0,
        )
        if (!seeking)
          report.leastAheadSeconds = Math.min(report.leastAheadSeconds, Math.max(0, ...end) - currentTime)
      })
    })
  }

  async bufferReport(): Promise<BufferReport> {
    return await this.frame.evaluate(() => (window as unknown as { bufferReport: BufferReport }).bufferReport)
  }

  /** Fetches a file of the film, or a part of it, as a page of the extension may; its digest in place of the bytes. */
  async fetchFile(purchase: PurchaseNonce, path: string, range?: string): Promise<FetchedFile> {
    return await this.frame.evaluate(
      async ([url, asked]) => {
        const answer = await fetch(url, asked === undefined ? {} : { headers: { range: asked } })
        const digest = await crypto.subtle.digest('SHA-256', await answer.arrayBuffer())
        return {
          status: answer.status,
          contentRange: answer.headers.get('content-range'),
          sha256: Array.from(new Uint8Array(digest), byte => byte.toString(16).padStart(2, '0')).join(''),
        }
      },
      [`/stream/${purchase}/${path}`, range] as const,
    )
  }

  async play(): Promise<void> {
    await this.frame.evaluate(() => document.querySelector('video')?.play())
  }

  async pause(): Promise<void> {
    await this.frame.evaluate(() => document.querySelector('video')?.pause())
  }

  async meter(): Promise<MeterReading> {
    const { verifiedBytes, paidWei, hosts } = await this.frame
      .getByTestId('meter')
      .evaluate(element => ({ ...(element as HTMLElement).dataset }))
    return { verifiedBytes: Number(verifiedBytes), paidWei: BigInt(paidWei ?? 0), hosts: Number(hosts) }
  }
}
