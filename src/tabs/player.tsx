import { PlayerPage } from '#player/page/player-page.tsx'

export default PlayerPage
