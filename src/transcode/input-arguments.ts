/** Containers that hold films. Playlists, image sequences, text and devices are none: some of them name other files. */
const demuxers =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,ogg,asf,mxf,nut,wtv,dv,rm,ivf,yuv4mpegpipe'

/** Arguments of ffmpeg and ffprobe that make them read this one local file and nothing else, whatever is in it. */
export const inputArguments = (path: string): readonly string[] => [
  '-protocol_whitelist',
  'file',
  '-format_whitelist',
  demuxers,
  '-i',
  `file:${path}`,
]
