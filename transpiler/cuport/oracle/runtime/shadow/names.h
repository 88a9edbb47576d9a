// Included last of all headers, right before the user's device code: from here on `float` is a shadow scalar.
//
// Macros rather than a pass over the tokens, so that one rewriter serves both builds. What they cannot express
// (`long double`, `unsigned float`) does not compile, and a unit that does not compile has no bounds.
#define float ::cuport::Shadow
#define double ::cuport::ShadowDouble
#define volatile  // threads of a block run on one processor thread and change places in calls only

#define float1 ::cuport::Lanes1<::cuport::Shadow>
#define float2 ::cuport::Lanes2<::cuport::Shadow>
#define float3 ::cuport::Lanes3<::cuport::Shadow>
#define float4 ::cuport::Lanes4<::cuport::Shadow>
#define double1 ::cuport::Lanes1<::cuport::ShadowDouble>
#define double2 ::cuport::Lanes2<::cuport::ShadowDouble>
#define double3 ::cuport::Lanes3<::cuport::ShadowDouble>
#define double4 ::cuport::Lanes4<::cuport::ShadowDouble>
#define make_float1 ::cuport::lanes<::cuport::Shadow>
#define make_float2 ::cuport::lanes<::cuport::Shadow>
#define make_float3 ::cuport::lanes<::cuport::Shadow>
#define make_float4 ::cuport::lanes<::cuport::Shadow>
#define make_double1 ::cuport::lanes<::cuport::ShadowDouble>
#define make_double2 ::cuport::lanes<::cuport::ShadowDouble>
#define make_double3 ::cuport::lanes<::cuport::ShadowDouble>
#define make_double4 ::cuport::lanes<::cuport::ShadowDouble>

#define half ::cuport::ShadowHalf
#define __half ::cuport::ShadowHalf
#define half2 ::cuport::ShadowPair<11>
#define __half2 ::cuport::ShadowPair<11>
#define nv_bfloat16 ::cuport::ShadowBrain
#define __nv_bfloat16 ::cuport::ShadowBrain
#define nv_bfloat162 ::cuport::ShadowPair<8>
#define __nv_bfloat162 ::cuport::ShadowPair<8>

#define __float2half ::cuport::narrow<11>
#define __float2half_rn ::cuport::narrow<11>
#define __double2half ::cuport::narrow<11>
#define __int2half_rn ::cuport::narrow<11>
#define __uint2half_rn ::cuport::narrow<11>
#define __half2float ::cuport::widen
#define __float2half2_rn ::cuport::pair<11>
#define __half2half2 ::cuport::pair<11>
#define __floats2half2_rn ::cuport::pair<11>
#define __halves2half2 ::cuport::pair<11>
#define make_half2 ::cuport::pair<11>
#define __float22half2_rn ::cuport::pair_of<11>
#define __half22float2 ::cuport::widen_pair<::cuport::Lanes2<::cuport::Shadow>>
#define __low2half ::cuport::low
#define __high2half ::cuport::high
#define __low2float ::cuport::low
#define __high2float ::cuport::high

#define __float2bfloat16 ::cuport::narrow<8>
#define __float2bfloat16_rn ::cuport::narrow<8>
#define __double2bfloat16 ::cuport::narrow<8>
#define __int2bfloat16_rn ::cuport::narrow<8>
#define __bfloat162float ::cuport::widen
#define __float2bfloat162_rn ::cuport::pair<8>
#define __bfloat162bfloat162 ::cuport::pair<8>
#define __floats2bfloat162_rn ::cuport::pair<8>
#define __halves2bfloat162 ::cuport::pair<8>
#define __float22bfloat162_rn ::cuport::pair_of<8>
#define __bfloat1622float2 ::cuport::widen_pair<::cuport::Lanes2<::cuport::Shadow>>
#define __low2bfloat16 ::cuport::low
#define __high2bfloat16 ::cuport::high

#define printf ::cuport::silent  // a scalar of ours has no place in its argument list
