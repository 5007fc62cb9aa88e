/** Why a socket is closed. y-websocket's client does not connect again after 4400 to 4499, and does so after all others. */
export enum CloseCode {
  /** What `ws` says of a frame that is too large. */
  TooLarge = 1009,
  /** The node stops: connect again. */
  Restart = 1012,
  /** The node serves as many sockets as it can. */
  TryLater = 1013,
  BadName = 4400,
  Unauthorized = 4401,
  BadMessage = 4402,
  DocumentFull = 4413,
  Silent = 4508,
  SlowReader = 4529,
}
