/**
 * The functions a reader may call: of those the engine has, the ones that
 * compute from their arguments alone. Left out, on purpose, is whatever reads
 * files, other tables, dictionaries, models, settings or the server's state,
 * reaches the network, sleeps, takes the name of another function or format as
 * a string, or is internal to the engine. A star marks a name that the engine
 * takes in any case. A line that starts with two dashes is a heading.
 */
const scalar = parseNames(`
    -- Arithmetic
    abs* avg2* byteswap* divide divideDecimal divideOrNull gcd ifNotFinite intDiv intDivOrNull
    intDivOrZero isFinite isInfinite isNaN lcm max2* midpoint* min2* minus mod* modornull* modulo
    moduloLegacy moduloOrNull moduloOrZero multiply multiplyDecimal negate plus pmod* pmodornull*
    positive_modulo* positive_modulo_or_null* positivemodulo* positivemoduloornull* sqr*
    -- Arrays
    array array_remove* arrayAll arrayAUC arrayAUCPR arrayAutocorrelation arrayAvg arrayBottomK
    arrayCompact arrayConcat arrayCount arrayCumSum arrayCumSumNonNegative arrayDifference
    arrayDistinct arrayDotProduct arrayElement arrayElementOrNull arrayEnumerate arrayEnumerateDense
    arrayEnumerateDenseRanked arrayEnumerateUniq arrayEnumerateUniqRanked arrayExcept arrayExists
    arrayFill arrayFilter arrayFirst arrayFirstIndex arrayFirstOrNull arrayFlatten arrayFold
    arrayIntersect arrayJaccardIndex arrayJoin arrayLast arrayLastIndex arrayLastOrNull
    arrayLevenshteinDistance arrayLevenshteinDistanceWeighted arrayMap arrayMax arrayMin
    arrayPartialReverseSort arraypartialshuffle* arrayPartialSort arrayPopBack arrayPopFront
    arrayPRAUC arrayProduct arrayPushBack arrayPushFront arrayRandomSample arrayRemove arrayResize
    arrayReverse arrayReverseFill arrayReverseSort arrayReverseSplit arrayROCAUC arrayRotateLeft
    arrayRotateRight arrayShiftLeft arrayShiftRight arrayShingles arrayshuffle* arraySimilarity
    arraySlice arraySort arraySplit arraySum arraySymmetricDifference arrayTopK arrayTranspose
    arrayUnion arrayUniq arrayWithConstant arrayZip arrayZipUnaligned cardinality* countEqual empty
    emptyArrayDate emptyArrayDateTime emptyArrayFloat32 emptyArrayFloat64 emptyArrayInt16
    emptyArrayInt32 emptyArrayInt64 emptyArrayInt8 emptyArrayString emptyArrayToSingle
    emptyArrayUInt16 emptyArrayUInt32 emptyArrayUInt64 emptyArrayUInt8 flatten* has hasAll hasAny
    hasSubstr indexOf indexOfAssumeSorted length* notEmpty octet_length* range replicate reverse*
    unnest*
    -- Bit
    bitAnd bitCount bitHammingDistance bitNot bitOr bitRotateLeft bitRotateRight bitShiftLeft
    bitShiftRight bitSlice bitTest bitTestAll bitTestAny bitXor
    -- Bitmap
    bitmapAnd bitmapAndCardinality bitmapAndnot bitmapAndnotCardinality bitmapBuild
    bitmapCardinality bitmapContains bitmapHasAll bitmapHasAny bitmapMax bitmapMin bitmapOr
    bitmapOrCardinality bitmapSubsetInRange bitmapSubsetLimit bitmapToArray bitmapTransform
    bitmapXor bitmapXorCardinality subBitmap
    -- Comparison
    equals globalIn globalNotIn globalNotNullIn globalNullIn greater greaterOrEquals in
    isDistinctFrom isNotDistinctFrom less lessOrEquals notEquals notIn notNullIn nullIn
    -- Conditional
    caseWithoutExpr caseWithoutExpression clamp greatest* if* least* multiIf
    -- Dates and Times
    adddate* addDays addHours addInterval addMicroseconds addMilliseconds addMinutes addMonths
    addNanoseconds addQuarters addSeconds addTupleOfIntervals addWeeks addYears age* changeDay
    changeHour changeMinute changeMonth changeSecond changeYear curdate* current_date*
    current_timestamp* date_bin* DATE_DIFF date_diff date_format* date_trunc* datediff* datename*
    dateTrunc day* dayofmonth* dayofweek* dayofyear* formatDateTime formatDateTimeInJodaSyntax
    from_days* from_unixtime* from_utc_timestamp* fromDaysSinceYearZero fromDaysSinceYearZero32
    fromModifiedJulianDay fromModifiedJulianDayOrNull fromUnixTimestamp
    fromUnixTimestampInJodaSyntax fromUTCTimestamp hour* last_day* localtime* localtimestamp*
    makedate* makedate32* makedatetime* makedatetime64* microsecond* millisecond* minute* month*
    monthname* nanosecond* now* now64* quarter* second* subdate* subtractDays subtractHours
    subtractInterval subtractMicroseconds subtractMilliseconds subtractMinutes subtractMonths
    subtractNanoseconds subtractQuarters subtractSeconds subtractTupleOfIntervals subtractWeeks
    subtractYears time_bucket* timediff* timeSlot timeSlots timestamp* TIMESTAMP_DIFF timestamp_diff
    timestampDiff timezone* timezone* timezoneOf timeZoneOf timezoneOffset timeZoneOffset to_days*
    to_utc_timestamp* today* toDayOfMonth toDayOfWeek toDayOfYear toDaysInMonth toDaysSinceYearZero
    toHour toISOWeek toISOYear toLastDayOfMonth toLastDayOfWeek toMicrosecond toMillisecond toMinute
    toModifiedJulianDay toModifiedJulianDayOrNull toMonday toMonth toMonthNumSinceEpoch toNanosecond
    toQuarter toRelativeDayNum toRelativeHourNum toRelativeMinuteNum toRelativeMonthNum
    toRelativeQuarterNum toRelativeSecondNum toRelativeWeekNum toRelativeYearNum toSecond
    toStartOfDay toStartOfFifteenMinutes toStartOfFiveMinute toStartOfFiveMinutes toStartOfHour
    toStartOfInterval toStartOfISOYear toStartOfMicrosecond toStartOfMillisecond toStartOfMinute
    toStartOfMonth toStartOfNanosecond toStartOfQuarter toStartOfSecond toStartOfTenMinutes
    toStartOfWeek toStartOfYear toTimeWithFixedDate toTimezone toTimeZone toUnixTimestamp
    toUTCTimestamp toWeek toYear toYearNumSinceEpoch toYearWeek toYYYYMM toYYYYMMDD toYYYYMMDDhhmmss
    utc_timestamp* utctimestamp* week* year* yearweek* yesterday yyyymmddhhmmsstodatetime*
    YYYYMMDDhhmmssToDateTime64 yyyymmddtodate* yyyymmddtodate32*
    -- Distance
    cosineDistance cosineDistanceTransposed cosineDistanceTransposedQuantized distancecosine*
    distancecosinetransposed* distancel1* distancel2* distancel2squared* distancel2transposed*
    distancelinf* distancelp* dotProductTransposed dotProductTransposedQuantized L1Distance L1Norm
    L1Normalize L2Distance L2DistanceTransposed L2DistanceTransposedQuantized L2Norm L2Normalize
    L2SquaredDistance L2SquaredNorm LinfDistance LinfNorm LinfNormalize LpDistance LpNorm
    LpNormalize normalizel1* normalizel2* normalizelinf* normalizelp* norml1* norml2* norml2squared*
    normlinf* normlp* scalarproducttransposed*
    -- Encoding
    bin* bitmaskToArray bitmaskToList bitPositionsToArray char* hex* hilbertDecode hilbertEncode
    mortonDecode mortonEncode sqid sqidDecode sqidEncode unbin* unhex*
    -- Financial
    financialInternalRateOfReturn financialInternalRateOfReturnExtended financialNetPresentValue
    financialNetPresentValueExtended
    -- Geo Polygon
    polygonAreaCartesian polygonAreaSpherical polygonConvexHullCartesian polygonPerimeterCartesian
    polygonPerimeterSpherical polygonsDistanceCartesian polygonsDistanceSpherical
    polygonsEqualsCartesian polygonsIntersectionCartesian polygonsIntersectionSpherical
    polygonsSymDifferenceCartesian polygonsSymDifferenceSpherical polygonsUnionCartesian
    polygonsUnionSpherical polygonsWithinCartesian polygonsWithinSpherical readWKBLineString
    readWKBMultiLineString readWKBMultiPolygon readWKBPoint readWKBPolygon readWKTLineString
    readWKTMultiLineString readWKTMultiPolygon readWKTPoint readWKTPolygon readWKTRing
    ST_LineFromWKB ST_MLineFromWKB ST_MPolyFromWKB ST_PointFromWKB ST_PolyFromWKB
    -- Geo
    areaCartesian areaSpherical geoDistance geohashDecode geohashEncode geohashesInBox
    geometryIntersectCartesian geometryIntersectSpherical geoToH3 geoToMGRS geoToUTM
    greatCircleAngle greatCircleDistance h3CellAreaM2 h3CellAreaRads2 h3Distance h3EdgeAngle
    h3EdgeLengthKm h3EdgeLengthM h3ExactEdgeLengthKm h3ExactEdgeLengthM h3ExactEdgeLengthRads
    h3GetBaseCell h3GetDestinationIndexFromUnidirectionalEdge h3GetFaces
    h3GetIndexesFromUnidirectionalEdge h3GetOriginIndexFromUnidirectionalEdge h3GetPentagonIndexes
    h3GetRes0Indexes h3GetResolution h3GetUnidirectionalEdge h3GetUnidirectionalEdgeBoundary
    h3GetUnidirectionalEdgesFromHexagon h3HexAreaKm2 h3HexAreaM2 h3HexRing h3IndexesAreNeighbors
    h3IsPentagon h3IsResClassIII h3IsValid h3kRing h3Line h3NumHexagons h3PointDistKm h3PointDistM
    h3PointDistRads h3PolygonToCells h3PolygonToCellsWithContainment h3ToCenterChild h3ToChildren
    h3ToGeo h3ToGeoBoundary h3ToParent h3ToString h3UnidirectionalEdgeIsValid MGRSToGeo
    perimeterCartesian perimeterSpherical pointInEllipses pointInPolygon polygonsIntersectCartesian
    polygonsIntersectSpherical readWKB readWkb readWKT readWkt stringToH3 UTMToGeo wkb WKB wkt WKT
    -- Hash
    cityHash64 farmFingerprint64 farmHash64 gccMurmurHash halfMD5 hiveHash icebergHash intHash32
    intHash64 javaHash javaHashUTF16LE jumpConsistentHash kafkaMurmurHash keccak256
    kostikConsistentHash MD4 MD5 metroHash64 murmurHash2_32 murmurHash2_64 murmurHash3_128
    murmurHash3_32 murmurHash3_64 ngramMinHash ngramMinHashArg ngramMinHashArgCaseInsensitive
    ngramMinHashArgCaseInsensitiveUTF8 ngramMinHashArgUTF8 ngramMinHashCaseInsensitive
    ngramMinHashCaseInsensitiveUTF8 ngramMinHashUTF8 ngramSimHash ngramSimHashCaseInsensitive
    ngramSimHashCaseInsensitiveUTF8 ngramSimHashUTF8 RIPEMD160 SHA1 SHA224 SHA256 SHA384 SHA512
    SHA512_256 sipHash128 sipHash128Keyed sipHash128Reference sipHash128ReferenceKeyed sipHash64
    sipHash64Keyed URLHash wordShingleMinHash wordShingleMinHashArg
    wordShingleMinHashArgCaseInsensitive wordShingleMinHashArgCaseInsensitiveUTF8
    wordShingleMinHashArgUTF8 wordShingleMinHashCaseInsensitive
    wordShingleMinHashCaseInsensitiveUTF8 wordShingleMinHashUTF8 wordShingleSimHash
    wordShingleSimHashCaseInsensitive wordShingleSimHashCaseInsensitiveUTF8 wordShingleSimHashUTF8
    wyHash64 xxh3 xxh3_128 xxHash32 xxHash64 xxHash64Spark yandexConsistentHash
    -- IP Address
    cutIPv6 inet6_aton* inet6_ntoa* inet_aton* inet_ntoa* IPv4CIDRToRange IPv4NumToString
    IPv4NumToStringClassC IPv4StringToNum IPv4StringToNumOrDefault IPv4StringToNumOrNull IPv4ToIPv6
    IPv6CIDRToRange IPv6NumToString IPv6StringToNum IPv6StringToNumOrDefault IPv6StringToNumOrNull
    isIPAddressInRange isIPv4String isIPv6String toIPv4 toIPv4OrDefault toIPv4OrNull toIPv4OrZero
    toIPv6 toIPv6OrDefault toIPv6OrNull toIPv6OrZero
    -- JSON
    dynamicElement dynamicType isDynamicElementInSharedData isValidJSON json_array_length*
    JSON_EXISTS JSON_QUERY JSON_VALUE JSONAllPaths JSONAllPathsWithTypes JSONAllValues
    JSONArrayLength JSONDynamicPaths JSONDynamicPathsWithTypes JSONExtract JSONExtractArrayRaw
    JSONExtractArrayRawCaseInsensitive JSONExtractBool JSONExtractBoolCaseInsensitive
    JSONExtractCaseInsensitive JSONExtractFloat JSONExtractFloatCaseInsensitive JSONExtractInt
    JSONExtractIntCaseInsensitive JSONExtractKeys JSONExtractKeysAndValues
    JSONExtractKeysAndValuesCaseInsensitive JSONExtractKeysAndValuesRaw
    JSONExtractKeysAndValuesRawCaseInsensitive JSONExtractKeysCaseInsensitive JSONExtractRaw
    JSONExtractRawCaseInsensitive JSONExtractString JSONExtractStringCaseInsensitive JSONExtractUInt
    JSONExtractUIntCaseInsensitive JSONHas JSONKey JSONLength JSONMergePatch jsonMergePatch
    JSONSharedDataPaths JSONSharedDataPathsWithTypes JSONType prettyPrintJSON simpleJSONExtractBool
    simpleJSONExtractFloat simpleJSONExtractInt simpleJSONExtractRaw simpleJSONExtractString
    simpleJSONExtractUInt simpleJSONHas toJSONString visitParamExtractBool visitParamExtractFloat
    visitParamExtractInt visitParamExtractRaw visitParamExtractString visitParamExtractUInt
    visitParamHas
    -- Logical
    and not* or xor
    -- Map
    extractKeyValuePairs extractKeyValuePairsWithEscaping map MAP_FROM_ARRAYS mapAdd mapAll mapApply
    mapConcat mapContains mapContainsKey mapContainsKeyLike mapContainsValue mapContainsValueLike
    mapExists mapExtractKeyLike mapExtractValueLike mapFilter mapFromArrays mapFromString mapKeys
    mapPartialReverseSort mapPartialSort mapPopulateSeries mapReverseSort mapSort mapSubtract
    mapUpdate mapValues str_to_map*
    -- Mathematical
    acos* acosh asin* asinh atan* atan2* atanh cbrt cos* cosh degrees* e erf erfc exp* exp10 exp2
    factorial* hypot* intExp10 intExp2 isPrime isProbablePrime lgamma ln* log* log10* log1p log2*
    pi* pow* power* proportionsZTest radians* sigmoid sign* sin* sinh sqrt* tan* tanh* tgamma
    width_bucket* widthBucket
    -- Null
    assumeNotNull coalesce* firstnondefault* ifnull* isNotNull isnull* isNullable isZeroOrNull
    nullif* toNullable
    -- Other
    bar byteSize countDigits current_database* currentDatabase database* defaultValueOfArgumentType
    digits finalizeAggregation flipCoordinates format_bytes* formatReadableDecimalSize
    formatReadableQuantity formatReadableSize formatReadableTimeDelta getSizeOfEnumType getSubcolumn
    identity ignore indexHint isConstant isDecimalOverflow lowCardinalityIndices lowCardinalityKeys
    MACNumToString MACStringToNum MACStringToOUI materialize minSampleSizeContinous
    minSampleSizeContinuous minSampleSizeConversion neighbor parseReadableSize
    parseReadableSizeOrNull parseReadableSizeOrZero parseTimeDelta rowNumberInAllBlocks
    rowNumberInBlock runningAccumulate runningDifference runningDifferenceStartingWithFirstValue
    schema* toColumnTypeName toTypeName transform variantElement variantType version* visibleWidth
    -- Random Number
    rand* rand32 rand64 randBernoulli randBinomial randCanonical randChiSquared randConstant
    randExponential randFisherF randLogNormal randNegativeBinomial randNormal randomFixedString
    randomPrintableASCII randomString randomStringUTF8 randPoisson randStudentT randUniform
    -- Rounding
    ceil* ceiling* floor* round* roundAge roundBankers roundDown roundDuration roundToExp2 trunc*
    truncate*
    -- String Replacement
    format overlay* overlayUTF8 printf regexp_replace* regexpQuoteMeta replace* replaceAll
    replaceOne replaceRegexpAll replaceRegexpOne translate translateUTF8
    -- String Search
    countMatches countMatchesCaseInsensitive countsubstrings* countSubstringsCaseInsensitive
    countSubstringsCaseInsensitiveUTF8 extract extractAll extractAllGroupsHorizontal extractGroups
    hasAllToken hasAllTokens hasAnyToken hasAnyTokens hasPhrase hassubsequence*
    hassubsequencecaseinsensitive* hassubsequencecaseinsensitiveutf8* hassubsequenceutf8* hasToken
    hastokencaseinsensitive* hastokencaseinsensitiveornull* hasTokenOrNull ilike instr* like locate*
    match matchPhrase multiFuzzyMatchAllIndices multiFuzzyMatchAny multiFuzzyMatchAnyIndex
    multiMatchAllIndices multiMatchAny multiMatchAnyIndex multiSearchAllPositions
    multiSearchAllPositionsCaseInsensitive multiSearchAllPositionsCaseInsensitiveUTF8
    multiSearchAllPositionsUTF8 multiSearchAny multiSearchAnyCaseInsensitive
    multiSearchAnyCaseInsensitiveUTF8 multiSearchAnyUTF8 multiSearchFirstIndex
    multiSearchFirstIndexCaseInsensitive multiSearchFirstIndexCaseInsensitiveUTF8
    multiSearchFirstIndexUTF8 multiSearchFirstPosition multiSearchFirstPositionCaseInsensitive
    multiSearchFirstPositionCaseInsensitiveUTF8 multiSearchFirstPositionUTF8 ngramDistance
    ngramDistanceCaseInsensitive ngramDistanceCaseInsensitiveUTF8 ngramDistanceUTF8 ngramSearch
    ngramSearchCaseInsensitive ngramSearchCaseInsensitiveUTF8 ngramSearchUTF8 notILike notLike
    position* positionCaseInsensitive positionCaseInsensitiveUTF8 positionUTF8 regexp_matches*
    -- String Splitting
    alphaTokens array_to_string* arrayStringConcat extractAllGroups extractAllGroupsVertical ngrams
    reverseBySeparator splitByAlpha splitByChar splitByNonAlpha splitByRegexp splitByString
    splitByWhitespace tokens
    -- String
    appendTrailingCharIfAbsent ascii* base32Decode base32Encode base58Decode base58Encode
    base64Decode base64Encode base64URLDecode base64URLEncode basename byteHammingDistance
    byteslice* caseFoldUTF8 char_length* character_length* compareSubstrings concat* concat_ws*
    concatAssumeInjective concatWithSeparator concatWithSeparatorAssumeInjective conv crc32*
    crc32ieee* crc64* damerauLevenshteinDistance decodeHTMLComponent decodeXMLComponent editDistance
    editDistanceUTF8 encodeXMLComponent endsWith endsWithCaseInsensitive endsWithCaseInsensitiveUTF8
    endsWithUTF8 firstLine from_base64* initcap* initcapUTF8 isASCII isValidASCII isValidUTF8
    jaroSimilarity jaroWinklerSimilarity lcase* left* leftPad leftPadUTF8 leftUTF8 lengthUTF8
    levenshteinDistance levenshteinDistanceUTF8 lower* lowerUTF8 lpad* ltrim mid* mismatches
    normalizeUTF8NFC normalizeUTF8NFD normalizeUTF8NFKC normalizeUTF8NFKCCasefold normalizeUTF8NFKD
    regexp_extract* regexp_instr* regexp_substr* regexpExtract regexpinstr* regexpPosition
    removeAccentsUTF8 removeDiacriticsUTF8 repeat* reverseUTF8 right* rightPad rightPadUTF8
    rightUTF8 rpad* rtrim soundex* space* sparseGrams sparseGramsHashes sparseGramsHashesUTF8
    sparseGramsUTF8 startsWith startsWithCaseInsensitive startsWithCaseInsensitiveUTF8
    startsWithUTF8 stringBytesEntropy stringJaccardIndex stringJaccardIndexUTF8 substr* substring*
    substring_index* substringIndex substringIndexUTF8 substringUTF8 to_base64* toValidUTF8 trim
    trimBoth trimLeft trimRight tryBase32Decode tryBase58Decode tryBase64Decode tryBase64URLDecode
    ucase* upper* upperUTF8
    -- Time Series
    seriesDecomposeSTL seriesOutliersDetectTukey timeSeriesFromGrid timeSeriesRange
    -- Time Window
    hop hopEnd hopStart tumble tumbleEnd tumbleStart windowID
    -- Tuple
    dotProduct flattenTuple scalarproduct* tuple tupleConcat tupleDivide tupleDivideByNumber
    tupleElement tupleHammingDistance tupleIntDiv tupleIntDivByNumber tupleIntDivOrZero
    tupleIntDivOrZeroByNumber tupleMinus tupleModulo tupleModuloByNumber tupleMultiply
    tupleMultiplyByNumber tupleNames tupleNegate tuplePlus tuplePositiveModuloByNumber
    tupleToNameValuePairs vectordifference* vectorsum*
    -- Type Conversion
    accurateCast accurateCastOrDefault accurateCastOrNull cast* date* fromUnixTimestamp64Micro
    fromUnixTimestamp64Milli fromUnixTimestamp64Nano fromUnixTimestamp64Second parseDateTime
    parseDateTime32BestEffort parseDateTime32BestEffortOrNull parseDateTime32BestEffortOrZero
    parseDateTime64 parseDateTime64BestEffort parseDateTime64BestEffortOrNull
    parseDateTime64BestEffortOrZero parseDateTime64BestEffortUS parseDateTime64BestEffortUSOrNull
    parseDateTime64BestEffortUSOrZero parseDateTime64InJodaSyntax parseDateTime64InJodaSyntaxOrNull
    parseDateTime64InJodaSyntaxOrZero parseDateTime64OrNull parseDateTime64OrZero
    parseDateTimeBestEffort parseDateTimeBestEffortOrNull parseDateTimeBestEffortOrZero
    parseDateTimeBestEffortUS parseDateTimeBestEffortUSOrNull parseDateTimeBestEffortUSOrZero
    parseDateTimeInJodaSyntax parseDateTimeInJodaSyntaxOrNull parseDateTimeInJodaSyntaxOrZero
    parseDateTimeOrNull parseDateTimeOrZero reinterpret reinterpretAsDate reinterpretAsDateTime
    reinterpretAsFixedString reinterpretAsFloat32 reinterpretAsFloat64 reinterpretAsInt128
    reinterpretAsInt16 reinterpretAsInt256 reinterpretAsInt32 reinterpretAsInt64 reinterpretAsInt8
    reinterpretAsString reinterpretAsUInt128 reinterpretAsUInt16 reinterpretAsUInt256
    reinterpretAsUInt32 reinterpretAsUInt64 reinterpretAsUInt8 reinterpretAsUUID str_to_date*
    to_unixtime* toBFloat16 toBFloat16OrNull toBFloat16OrZero toBool toDate toDate32
    toDate32OrDefault toDate32OrNull toDate32OrZero toDateOrDefault toDateOrNull toDateOrZero
    toDateTime toDateTime32 toDateTime64 toDateTime64OrDefault toDateTime64OrNull toDateTime64OrZero
    toDateTimeOrDefault toDateTimeOrNull toDateTimeOrZero toDecimal128 toDecimal128OrDefault
    toDecimal128OrNull toDecimal128OrZero toDecimal256 toDecimal256OrDefault toDecimal256OrNull
    toDecimal256OrZero toDecimal32 toDecimal32OrDefault toDecimal32OrNull toDecimal32OrZero
    toDecimal64 toDecimal64OrDefault toDecimal64OrNull toDecimal64OrZero todecimalstring*
    toFixedString toFloat32 toFloat32OrDefault toFloat32OrNull toFloat32OrZero toFloat64
    toFloat64OrDefault toFloat64OrNull toFloat64OrZero toInt128 toInt128OrDefault toInt128OrNull
    toInt128OrZero toInt16 toInt16OrDefault toInt16OrNull toInt16OrZero toInt256 toInt256OrDefault
    toInt256OrNull toInt256OrZero toInt32 toInt32OrDefault toInt32OrNull toInt32OrZero toInt64
    toInt64OrDefault toInt64OrNull toInt64OrZero toInt8 toInt8OrDefault toInt8OrNull toInt8OrZero
    toInterval toIntervalDay toIntervalHour toIntervalMicrosecond toIntervalMillisecond
    toIntervalMinute toIntervalMonth toIntervalNanosecond toIntervalQuarter toIntervalSecond
    toIntervalWeek toIntervalYear toLowCardinality toString toStringCutToZero toTime toTime64
    toTime64OrNull toTime64OrZero toTimeOrNull toTimeOrZero toUInt128 toUInt128OrDefault
    toUInt128OrNull toUInt128OrZero toUInt16 toUInt16OrDefault toUInt16OrNull toUInt16OrZero
    toUInt256 toUInt256OrDefault toUInt256OrNull toUInt256OrZero toUInt32 toUInt32OrDefault
    toUInt32OrNull toUInt32OrZero toUInt64 toUInt64OrDefault toUInt64OrNull toUInt64OrZero toUInt8
    toUInt8OrDefault toUInt8OrNull toUInt8OrZero toUnixTimestamp64Micro toUnixTimestamp64Milli
    toUnixTimestamp64Nano toUnixTimestamp64Second toUUID toUUIDOrZero
    -- URL
    cutFragment cutQueryString cutQueryStringAndFragment cutToFirstSignificantSubdomain
    cutToFirstSignificantSubdomainRFC cutToFirstSignificantSubdomainWithWWW
    cutToFirstSignificantSubdomainWithWWWRFC cutURLParameter cutWWW decodeURLComponent
    decodeURLFormComponent domain domainRFC domainWithoutWWW domainWithoutWWWRFC encodeURLComponent
    encodeURLFormComponent extractURLParameter extractURLParameterNames extractURLParameters
    firstSignificantSubdomain firstSignificantSubdomainRFC fragment netloc path pathFull port
    portRFC protocol queryString queryStringAndFragment topLevelDomain topLevelDomainRFC
    URLHierarchy URLPathHierarchy
    -- UUID
    dateTime64ToSnowflakeID dateTimeToSnowflakeID dateTimeToUUIDv7 generateUUIDv4 generateUUIDv7
    snowflakeIDToDateTime snowflakeIDToDateTime64 toUUIDOrDefault toUUIDOrNull UUIDNumToString
    UUIDStringToNum UUIDToNum UUIDv7ToDateTime
`);

const aggregate = parseNames(`
    -- Aggregate Functions
    analysisofvariance* anova* any any_respect_nulls any_value* any_value_respect_nulls* anyHeavy
    anyLast anyLast_respect_nulls anyLastRespectNulls anyRespectNulls anyValueRespectNulls
    approx_top_count* approx_top_k* approx_top_sum* argAndMax argAndMin argMax argMin array_agg*
    avg* avgWeighted bit_and* bit_or* bit_xor* boundingRatio categoricalInformationValue contingency
    corr* corrMatrix corrStable count* covar_pop* covar_samp* covarPop covarPopMatrix covarPopStable
    covarSamp covarSampMatrix covarSampStable cramersV cramersVBiasCorrected cume_dist deltaSum
    deltaSumTimestamp dense_rank* denseRank distinctDynamicTypes distinctJSONPaths
    distinctJSONPathsAndTypes entropy exponentialMovingAverage exponentialTimeDecayedAvg
    exponentialTimeDecayedCount exponentialTimeDecayedMax exponentialTimeDecayedSum first_value*
    first_value_respect_nulls* firstValueRespectNulls group_concat* groupArray groupArrayInsertAt
    groupArrayIntersect groupArrayLast groupArrayMovingAvg groupArrayMovingSum groupArraySample
    groupArraySorted groupBitAnd groupBitmap groupBitmapAnd groupBitmapOr groupBitmapXor groupBitOr
    groupBitXor groupConcat groupFormat groupNumericIndexedVector groupUniqArray histogram
    intervalLengthSum kolmogorovsmirnovtest* kurtPop kurtSamp lag* lagInFrame
    largestTriangleThreeBuckets last_value* last_value_respect_nulls* lastValueRespectNulls lead*
    leadInFrame lttb mannWhitneyUTest max* max_by* maxIntersections maxIntersectionsPosition
    maxMappedArrays meanZTest median medianBFloat16 medianBFloat16Weighted medianDD
    medianDeterministic medianExact medianExactHigh medianExactLow medianExactWeighted
    medianExactWeightedInterpolated medianGK medianInterpolatedWeighted medianTDigest
    medianTDigestWeighted medianTiming medianTimingWeighted min* min_by* minMappedArrays
    nonNegativeDerivative nth_value* ntile* percent_rank* percentRank quantile quantileBFloat16
    quantileBFloat16Weighted quantileDD quantileDeterministic quantileExact quantileExactExclusive
    quantileExactHigh quantileExactInclusive quantileExactLow quantileExactWeighted
    quantileExactWeightedInterpolated quantileGK quantileInterpolatedWeighted
    quantilePrometheusHistogram quantiles quantilesBFloat16 quantilesBFloat16Weighted quantilesDD
    quantilesDeterministic quantilesExact quantilesExactExclusive quantilesExactHigh
    quantilesExactInclusive quantilesExactLow quantilesExactWeighted
    quantilesExactWeightedInterpolated quantilesGK quantilesInterpolatedWeighted
    quantilesPrometheusHistogram quantilesTDigest quantilesTDigestWeighted quantilesTiming
    quantilesTimingWeighted quantileTDigest quantileTDigestWeighted quantileTiming
    quantileTimingWeighted rank* rankCorr retention row_number* sequenceCount sequenceMatch
    sequenceMatchEvents sequenceNextNode simpleLinearRegression singleValueOrNull skewPop skewSamp
    sparkbar sparkBar std* stddev* stddev_pop* stddev_samp* stddevPop stddevPopStable stddevSamp
    stddevSampStable string_agg* studentTTest studentTTestOneSample sum* sumCount sumKahan
    sumMapFiltered sumMapFilteredWithOverflow sumMappedArrays sumMapWithOverflow sumWithOverflow
    theilsU timeSeriesChangesToGrid timeSeriesDeltaToGrid timeSeriesDerivToGrid timeSeriesGroupArray
    timeSeriesIncreaseToGrid timeSeriesInstantDeltaToGrid timeSeriesInstantRateToGrid
    timeSeriesLastToGrid timeSeriesLastTwoSamples timeSeriesPredictLinearToGrid timeSeriesRateToGrid
    timeSeriesResampleToGridWithStaleness timeSeriesResetsToGrid topK topKWeighted uniq uniqCombined
    uniqCombined64 uniqExact uniqHLL12 uniqUpTo var_pop* var_samp* varPop varPopStable varSamp
    varSampStable welchTTest windowFunnel
    -- Machine Learning
    stochasticLinearRegression stochasticLogisticRegression
`);

/** What the engine's parser makes of syntax that is no function call in the text. */
const syntax = parseNames(`
    _CAST caseWithExpression exists grouping lambda untuple
`);

/** The suffixes that make another aggregate function of one (https://clickhouse.com/docs/sql-reference/aggregate-functions/combinators). */
const combinators = [
  'SimpleState',
  'OrDefault',
  'Distinct',
  'Resample',
  'ForEach',
  'ArgMax',
  'ArgMin',
  'OrNull',
  'Tuple',
  'Merge',
  'State',
  'Array',
  'Null',
  'Map',
  'If',
];

interface Names {
  readonly exact: ReadonlySet<string>;
  /** In lower case. */
  readonly anyCase: ReadonlySet<string>;
}

function parseNames(text: string): Names {
  const exact = new Set<string>();
  const anyCase = new Set<string>();
  for (const line of text.split('\n')) {
    if (line.trimStart().startsWith('--')) continue;
    for (const name of line.split(' ')) {
      if (name.endsWith('*')) anyCase.add(name.slice(0, -1));
      else if (name !== '') exact.add(name);
    }
  }
  return { exact, anyCase };
}

const isIn = (names: Names, name: string): boolean =>
  names.exact.has(name) || names.anyCase.has(name.toLowerCase());

/** True for a function of the allow-list, written as the engine would accept it. */
export function isAllowedFunction(name: string): boolean {
  return isIn(scalar, name) || isIn(syntax, name) || isAllowedAggregate(name);
}

/** True for an aggregate function of the allow-list with any combinators behind it. */
export function isAllowedAggregate(name: string): boolean {
  if (isIn(aggregate, name)) return true;
  return combinators.some(
    (suffix) =>
      name.length > suffix.length &&
      name.endsWith(suffix) &&
      isAllowedAggregate(name.slice(0, -suffix.length)),
  );
}

/** The functions whose right side may be the name of a table. */
export const membershipFunctions: ReadonlySet<string> = new Set([
  'in',
  'notIn',
  'globalIn',
  'globalNotIn',
  'nullIn',
  'notNullIn',
  'globalNullIn',
  'globalNotNullIn',
]);

/** Tables made by a function from its arguments alone. */
export const allowedTableFunctions: ReadonlySet<string> = new Set([
  'numbers',
  'numbers_mt',
  'generateSeries',
  'generate_series',
  'zeros',
  'SQLStandardValues',
]);

/**
 * Functions that take a type as text, and which argument it is (-1: the last).
 * It has to be written out, so that it can be looked at.
 */
export const typeArguments: ReadonlyMap<string, number> = new Map([
  ['cast', 1],
  ['_cast', 1],
  ['accuratecast', 1],
  ['accuratecastornull', 1],
  ['accuratecastordefault', 1],
  ['reinterpret', 1],
  ['dynamicelement', 1],
  ['jsonextract', -1],
  ['jsonextractcaseinsensitive', -1],
  ['jsonextractkeysandvalues', -1],
  ['jsonextractkeysandvaluescaseinsensitive', -1],
]);
