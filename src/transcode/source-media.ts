/** Frames a second as a fraction, because 30000/1001 is not 29.97. */
export type FrameRate = { readonly frames: number; readonly seconds: number }

/** What of a file is published, as the file itself says. Sizes are as displayed: rotated, with square pixels. */
export type SourceMedia = {
  readonly path: string
  /** `undefined` where the container does not say, as in recordings that were streamed to disk. */
  readonly durationSeconds: number | undefined
  /** Whether the container says where its key frames are, so that reading may begin at any of them. */
  readonly isIndexed: boolean
  readonly video: {
    /** The stream's number in the file. */
    readonly stream: number
    readonly width: number
    readonly height: number
    readonly frameRate: FrameRate | undefined
    readonly isInterlaced: boolean
  }
  /** `undefined` for a silent film. */
  readonly audio: { readonly stream: number } | undefined
}
