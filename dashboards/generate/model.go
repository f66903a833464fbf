package main

// object is a part of the model with keys that depend on the type of a panel. It is encoded with its keys in order.
type object = map[string]any

// dashboard is the used part of the classic model of a Grafana dashboard. Grafana exports the fields in this order.
type dashboard struct {
	Annotations   annotations `json:"annotations"`
	Description   string      `json:"description"`
	Editable      bool        `json:"editable"`
	FiscalYear    int         `json:"fiscalYearStartMonth"`
	GraphTooltip  int         `json:"graphTooltip"`
	Links         []link      `json:"links"`
	Panels        []panel     `json:"panels"`
	Refresh       string      `json:"refresh"`
	SchemaVersion int         `json:"schemaVersion"`
	Tags          []string    `json:"tags"`
	Templating    templating  `json:"templating"`
	Time          timeRange   `json:"time"`
	Timezone      string      `json:"timezone"`
	Title         string      `json:"title"`
	UID           string      `json:"uid"`
}

const (
	schemaVersion   = 41
	sharedCrosshair = 1
)

type annotations struct {
	List []annotation `json:"list"`
}

type annotation struct {
	BuiltIn         int        `json:"builtIn,omitempty"`
	Datasource      datasource `json:"datasource"`
	Enable          bool       `json:"enable"`
	Expr            string     `json:"expr,omitempty"`
	Hide            bool       `json:"hide"`
	IconColor       string     `json:"iconColor"`
	Name            string     `json:"name"`
	Step            string     `json:"step,omitempty"`
	TagKeys         string     `json:"tagKeys,omitempty"`
	TextFormat      string     `json:"textFormat,omitempty"`
	TitleFormat     string     `json:"titleFormat,omitempty"`
	Type            string     `json:"type,omitempty"`
	UseValueForTime bool       `json:"useValueForTime,omitempty"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type link struct {
	AsDropdown  bool     `json:"asDropdown"`
	Icon        string   `json:"icon"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	Tags        []string `json:"tags"`
	TargetBlank bool     `json:"targetBlank"`
	Title       string   `json:"title"`
	Tooltip     string   `json:"tooltip"`
	Type        string   `json:"type"`
	URL         string   `json:"url"`
}

type templating struct {
	List []variable `json:"list"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// panel is a panel, or the title of a row of them.
type panel struct {
	Collapsed       *bool            `json:"collapsed,omitempty"`
	Datasource      *datasource      `json:"datasource,omitempty"`
	Description     string           `json:"description,omitempty"`
	FieldConfig     *fieldConfig     `json:"fieldConfig,omitempty"`
	GridPos         gridPos          `json:"gridPos"`
	ID              int              `json:"id"`
	Options         object           `json:"options,omitempty"`
	Panels          *[]panel         `json:"panels,omitempty"`
	Repeat          string           `json:"repeat,omitempty"`
	Targets         []target         `json:"targets,omitempty"`
	Title           string           `json:"title"`
	Transformations []transformation `json:"transformations,omitempty"`
	Type            string           `json:"type"`
}

type fieldConfig struct {
	Defaults  fieldDefaults `json:"defaults"`
	Overrides []override    `json:"overrides"`
}

type fieldDefaults struct {
	Color      object     `json:"color,omitempty"`
	Custom     object     `json:"custom,omitempty"`
	Decimals   *int       `json:"decimals,omitempty"`
	Links      []dataLink `json:"links,omitempty"`
	Mappings   []object   `json:"mappings"`
	Max        *float64   `json:"max,omitempty"`
	Min        *float64   `json:"min,omitempty"`
	NoValue    string     `json:"noValue,omitempty"`
	Thresholds thresholds `json:"thresholds"`
	Unit       string     `json:"unit"`
}

type dataLink struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

type thresholds struct {
	Mode  string      `json:"mode"`
	Steps []threshold `json:"steps"`
}

// threshold is the colour from Value on. The first one has no Value.
type threshold struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

type override struct {
	Matcher    object     `json:"matcher"`
	Properties []property `json:"properties"`
}

type property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

type gridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// target is a query.
type target struct {
	Datasource   datasource `json:"datasource"`
	Exemplar     bool       `json:"exemplar"`
	Expr         string     `json:"expr"`
	Format       string     `json:"format"`
	Instant      bool       `json:"instant"`
	Interval     string     `json:"interval,omitempty"`
	LegendFormat string     `json:"legendFormat"`
	Range        bool       `json:"range"`
	RefID        string     `json:"refId"`
}

type transformation struct {
	ID      string `json:"id"`
	Options object `json:"options"`
}

type variable struct {
	AllValue    string      `json:"allValue,omitempty"`
	Current     *choice     `json:"current,omitempty"`
	Datasource  *datasource `json:"datasource,omitempty"`
	Definition  string      `json:"definition,omitempty"`
	Description string      `json:"description,omitempty"`
	Hide        int         `json:"hide"`
	IncludeAll  bool        `json:"includeAll"`
	Label       string      `json:"label,omitempty"`
	Multi       bool        `json:"multi"`
	Name        string      `json:"name"`
	Options     []choice    `json:"options,omitempty"`
	Query       any         `json:"query"`
	Refresh     int         `json:"refresh,omitempty"`
	Regex       string      `json:"regex,omitempty"`
	SkipURLSync bool        `json:"skipUrlSync,omitempty"`
	Sort        int         `json:"sort,omitempty"`
	Type        string      `json:"type"`
}

// choice is a value of a variable. If several may be chosen, Text and Value are lists.
type choice struct {
	Selected bool `json:"selected"`
	Text     any  `json:"text"`
	Value    any  `json:"value"`
}
