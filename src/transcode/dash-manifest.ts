import type { PackagedTrack, PackagedTracks } from './packaged-track.ts'
import { segmentSeconds } from './rendition.ts'
import type { Track } from './track.ts'

/**
 * `manifest.mpd` of a film: one set of pictures to switch between, one of sound (ISO/IEC 23009-1, static, with a
 * timeline of segments numbered from 1). `seconds`: how long the film lasts.
 */
export const writeDashManifest = ({ video, audio }: PackagedTracks, seconds: number): string =>
  [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static" mediaPresentationDuration="PT${round(seconds)}S" minBufferTime="PT${segmentSeconds}S">`,
    '  <Period id="0" start="PT0S">',
    '    <AdaptationSet id="0" contentType="video" mimeType="video/mp4" segmentAlignment="true" startWithSAP="1">',
    ...video.flatMap(packaged => {
      const { width, height, frameRate } = packaged.rendition
      const shape = `width="${width}" height="${height}" frameRate="${frameRate.frames}/${frameRate.seconds}" sar="1:1"`
      return representation(packaged, shape)
    }),
    '    </AdaptationSet>',
    ...(audio ? soundSet(audio) : []),
    '  </Period>',
    '</MPD>',
    '',
  ].join('\n')

const soundSet = (audio: NonNullable<PackagedTracks['audio']>): readonly string[] => [
  '    <AdaptationSet id="1" contentType="audio" mimeType="audio/mp4" segmentAlignment="true" startWithSAP="1">',
  ...representation(
    audio,
    `audioSamplingRate="${audio.rendition.samplesPerSecond}"`,
    `        <AudioChannelConfiguration schemeIdUri="urn:mpeg:dash:23003:3:audio_channel_configuration:2011" value="${audio.rendition.channels}"/>`,
  ),
  '    </AdaptationSet>',
]

const representation = (
  { rendition, track, peakBitsPerSecond }: PackagedTrack,
  shape: string,
  ...described: readonly string[]
): readonly string[] => [
  `      <Representation id="${rendition.name}" codecs="${track.codecs}" bandwidth="${peakBitsPerSecond}" ${shape}>`,
  ...described,
  `        <SegmentTemplate timescale="${track.timescale}" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s" startNumber="1">`,
  '          <SegmentTimeline>',
  ...timeline(track).map(entry => `            ${entry}`),
  '          </SegmentTimeline>',
  '        </SegmentTemplate>',
  '      </Representation>',
]

/** Runs of segments that last the same are one entry. */
const timeline = ({ start, durations }: Track): readonly string[] => {
  const runs: { readonly duration: number; repeats: number }[] = []
  for (const duration of durations) {
    const last = runs.at(-1)
    if (last?.duration === duration) last.repeats++
    else runs.push({ duration, repeats: 0 })
  }
  return runs.map(({ duration, repeats }, at) => {
    const when = at === 0 ? `t="${start}" ` : ''
    return `<S ${when}d="${duration}"${repeats > 0 ? ` r="${repeats}"` : ''}/>`
  })
}

const round = (seconds: number): number => Math.round(seconds * 1e6) / 1e6
