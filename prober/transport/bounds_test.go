package transport

// Bounds from the documentation or from an RFC.
const (
	labHeaderBytes   = 64 << 10
	labInformational = 32
	labBodyKept      = 8 << 20

	labFrameHeader   = 9
	labMaxFrame      = 16 << 10
	labStreamID      = 1<<31 - 1
	labWindow        = 1<<16 - 1
	labLargestWindow = 1<<31 - 1
	labStreamWindow  = 4 << 20
	labHeaderFrames  = 64
	labHeaderBlock   = 128 << 10
	labFloodBurst    = 128

	labHandshake       = 22
	labApplicationData = 23
	labRecordHeader    = 5
)
